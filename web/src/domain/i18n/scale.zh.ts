import type { scaleEn } from './scale.en';

/** 简体中文：服务的伸缩。 */
export const scaleZh: typeof scaleEn = {
  title: '伸缩',
  automatic: (wanted, min, max) => `期望 ${wanted} 个，范围 ${min} 至 ${max}`,
  now: '当前测得',
  nothing: '还没有作出过决定。',
  giveBack: '恢复自动伸缩',
  reason: {
    Steady: '正合适', Out: '已扩容', In: '已缩容', ToZero: '无请求，已停止', FromZero: '有请求，已启动', HeldByCause: '暂不扩容：原因在下游',
    HeldByFailure: '暂不扩容：新实例无法启动', AtMost: '已达上限', Declared: '按声明', ByHand: '手动设定', Bounds: '按上下限',
  },
};
