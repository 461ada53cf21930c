import type { headroomEn } from './headroom.en';

/** 关于主机余量的用语。 */
export const headroomZh: typeof headroomEn = {
  title: '放置与余量',
  state: '状态',
  zone: '区域',
  kept: (reserved, offers) => `已预留 ${reserved}，共 ${offers}`,
  over: (times) => `为机器实有的 ${times} 倍`,
  use: { cordoned: '已隔离', draining: '排空中' },
  verb: { cordon: '隔离', drain: '排空', uncordon: '解除隔离', forget: '移除' },
  ask: { cordon: (host) => `隔离 ${host}？`, drain: (host) => `排空 ${host}？`, uncordon: (host) => `解除对 ${host} 的隔离？`, forget: (host) => `移除 ${host}？` },
  means: {
    cordon: '保留已有的实例，不再接收新的。',
    drain: '不再接收新的实例；能在别处运行的移到别处，每个都等到有另一个接替服务之后才移走。有自己数据的实例（pet）留在原处。',
    uncordon: '重新接收实例。',
    forget: '它的代理没有应答，上面也没有任何实例。之后需要重新加入。',
  },
};
