export { type ConnectionQuota, whose } from './connection-quota';
export type { FlightAccount } from './flights';
export { FdQuota, type FdQuotaOptions, type QuotaFigures, quotaOf, type QuotaUsage, type UserUsage } from './fd-quota';
