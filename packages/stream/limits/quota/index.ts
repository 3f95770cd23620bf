export { type Account } from './account';
export { type ConnectionQuota, whose } from './connection-quota';
export { FdQuota, type FdQuotaOptions, type QuotaFigures, quotaOf, type QuotaUsage, type UserUsage } from './fd-quota';
