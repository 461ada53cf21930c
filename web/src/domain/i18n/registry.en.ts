/** English, of the registry. */
export const registryEn = {
  title: 'Registry',
  none: 'No services are declared.',
  nothing: 'No service has this.',
  find: 'Find by name, address, host or label',
  service: 'Service',
  by: 'Run by',
  bys: { process: 'process', container: 'container', external: 'others' },
  state: 'State',
  ready: 'Ready',
  versions: 'Versions',
  where: 'Where',
  instances: (count: number) => `${count} ${count === 1 ? 'address' : 'addresses'}`,
  out: 'not in the table',
  declared: 'declared',
  registered: (by: string, ttl?: string) => `registered by ${by}${ttl ? `, ${ttl} lease` : ''}`,
};
