export * from 'ancillary/usocket';
