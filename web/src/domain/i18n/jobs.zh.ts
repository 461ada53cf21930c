import type { jobsEn } from './jobs.en';

/** 简体中文：任务。 */
export const jobsZh: typeof jobsEn = {
  title: '任务',
  none: '没有声明任务。任务写在清单的 “jobs” 下。',
  job: '任务',
  when: '何时',
  next: '下次',
  last: '上次',
  run: '运行…',
  runs: '运行记录',
  tasks: '分片',
  tries: '尝试',
  began: '开始',
  took: '用时',
  because: '原因',
  cancel: '取消运行',
  neverRan: '还没有运行过。',
  whenAsked: '按需',
  after: (jobs) => `在 ${jobs} 之后`,
  active: (count) => `${count} 个进行中`,
  askRun: (job) => `现在运行 “${job}”？`,
  askCancel: (run) => `结束 “${run}”？`,
  cancelHint: '其进程会收到 SIGTERM，宽限期过后被强制结束。',
  state: { waiting: '等待', running: '运行中', succeeded: '成功', failed: '失败', cancelled: '已取消' },
};
