import type { registryEn } from './registry.en';

/** 中文：服务注册表。 */
export const registryZh: typeof registryEn = {
  title: '注册表',
  none: '还没有声明任何服务。',
  nothing: '没有服务符合。',
  find: '按名称、地址、主机或标签查找',
  service: '服务',
  by: '运行方式',
  bys: { process: '进程', container: '容器', external: '外部' },
  state: '状态',
  ready: '就绪',
  versions: '版本',
  where: '位置',
  instances: (count) => `${count} 个地址`,
  out: '不在路由表中',
  declared: '已声明',
  registered: (by, ttl) => `由 ${by} 注册${ttl ? `，租约 ${ttl}` : ''}`,
};
