/**
 * What the server says of symptoms, causes, findings and what to do, in Chinese. It says all of it in English sentences of fixed form; those that are not
 * known here, such as the words of a rule of the users' own, are shown as they are.
 */
export function saidZh(sentence: string): string {
  for (const [form, words] of forms) {
    const found = form.exec(sentence);
    if (found) return words(...found.slice(1).map((part) => part ?? ''));
  }
  return sentence;
}

type Form = readonly [RegExp, (...parts: string[]) => string];

const subject = (of: string): string => of.replace(/^route /, '路由 ');

const causes: Readonly<Record<string, string>> = {
  change: '变更', intervention: '干预', cpu: 'CPU 用尽', 'cpu steal': 'CPU 被下层机器占用', 'cpu throttled': 'CPU 被限额', gc: '垃圾回收', 'thread pool': '线程池不足', 'connection pool': '连接池不足', lock: '进程内锁',
  'slow statement': '慢语句', 'row lock': '行锁', 'database down': '数据库宕机', 'cache down': '缓存宕机', 'queue down': '队列宕机', 'service down': '服务宕机', 'slow store': '数据库慢', backlog: '积压', disk: '磁盘', memory: '内存',
  network: '网络', instance: '单个坏实例', surge: '请求激增', external: '外部依赖',
};
const causeForm = Object.keys(causes).join('|');

const levels: Readonly<Record<string, string>> = { critical: '关键', high: '高', medium: '中', low: '低' };
const level = (word: string): string => levels[word] ?? word;

const symptoms: readonly Form[] = [
  [/^(.+) fails for (\S+) of its requests, usually (\S+)$/, (of, now, before) => `${subject(of!)} 有 ${now} 的请求失败，平时 ${before}`],
  [/^the slowest of 100 requests to (.+) takes (.+), usually (.+)$/, (of, now, before) => `发往${of!.startsWith('route ') ? subject(of!) : ` ${of}`} 的请求，一百个中最慢的耗时 ${now}，平时 ${before}`],
  [/^(.+) takes (\S+ \S+) on average, usually (.+)$/, (of, now, before) => `${subject(of!)} 平均耗时 ${now}，平时 ${before}`],
  [/^(.+) takes (\S+ \S+) on average, its peers (.+)$/, (of, now, peers) => `${of} 平均耗时 ${now}，其他实例 ${peers}`],
  [/^(.+) has no instance that is ready, of (\d+) wanted$/, (of, wanted) => `${of} 应有 ${wanted} 个实例，没有一个就绪`],
  [/^(\S+) messages wait in (\S+), usually (\S+)$/, (now, of, before) => `${of} 中积压 ${now} 条消息，平时 ${before} 条`],
];

const facts: readonly Form[] = [
  [/^no instance of Mainstay's on (\S+) uses much more than usual: something else on the machine does$/, (host) => `${host} 上由 Mainstay 运行的实例用量都不比平时多：是机器上的其他程序`],
  [/^none of (\d+) wanted instances of (\S+) is ready$/, (wanted, of) => `${of} 应有 ${wanted} 个实例，没有一个就绪`],
  [/^(\S+), which takes from (\S+), has no instance that is ready$/, (of, queue) => `从 ${queue} 取消息的 ${of} 没有就绪的实例`],
  [/^(\S+) has no instance that is ready$/, (of) => `${of} 没有就绪的实例`],
  [/^(\S+) does not answer its probe; no trace says that (\S+) uses it$/, (probe, of) => `${probe} 没有回应探测；没有链路表明 ${of} 使用它`],
  [/^(\S+) does not answer its probe$/, (probe) => `${probe} 没有回应探测`],
  [/^no trace says that (\S+) uses (\S+)$/, (of, probe) => `没有链路表明 ${of} 使用 ${probe}`],
  [/^not known: nothing that was looked at (?:in (\S+) )?differs enough from what is usual$/, (of) => `未知：${of ? `在 ${of} ` : ''}查看过的指标都与平时相差不大`],
  [/^(.+), (\d+) s before it began$/, (what, seconds) => `${saidZh(what!)}，在开始之前 ${seconds} 秒`],
  [/^(.+), just as it began$/, (what) => `${saidZh(what!)}，正好在开始之时`],
  [/^(\S+) of version (\S+) began to serve with other software or settings$/, (of, version) => `${of}（版本 ${version}）以不同的软件或设置开始服务`],
  [/^(\S+) began to serve with other software or settings$/, (of) => `${of} 以不同的软件或设置开始服务`],
  [/^(\S+) of version (\S+) began to serve$/, (of, version) => `${of}（版本 ${version}）开始服务`],
  [/^(\S+) began to serve$/, (of) => `${of} 开始服务`],
  [/^route (\S+) was changed$/, (of) => `路由 ${of} 被修改`],
  [/^intervention (\S+) began: (.+)$/, (of, act) => `干预 ${of} 开始：${act}`],
  [/^(\S+) has other software$/, (of) => `${of} 换了软件`],
  [/^settings of (\S+) were changed$/, (of) => `${of} 的设置被修改`],
  [/^(\S+) scaled from (\d+) to (\d+)$/, (of, from, to) => `${of} 的实例数从 ${from} 变为 ${to}`],
  [/^(\S+) was restarted$/, (of) => `${of} 被重启`],
];

// What a figure is of, before its colon.
const figures: readonly Form[] = [
  [/^(\S+) processors busy$/, (of) => `${of} 的 CPU 使用率`],
  [/^(\S+) processors in use, the most of what is added$/, (of) => `${of} 占用的 CPU 核数，增加最多`],
  [/^(\S+) processors in use$/, (of) => `${of} 占用的 CPU 核数`],
  [/^(\S+) threads wait for a processor, each second$/, (of) => `${of} 的线程每秒等待 CPU 的时间`],
  [/^(\S+) processor time taken by the machine below$/, (of) => `${of} 被下层机器占用的 CPU 时间`],
  [/^(\S+) held back by (?:a|its) limit$/, (of) => `${of} 被限额限制的时间`],
  [/^(\S+) disk busy$/, (of) => `${of} 的磁盘繁忙`],
  [/^(\S+) waiting for disks$/, (of) => `${of} 等待磁盘`],
  [/^(\S+) waiting for memory$/, (of) => `${of} 等待内存`],
  [/^(\S+) packets lost or broken$/, (of) => `${of} 丢失或损坏的数据包`],
  [/^(\S+) stands still for collections$/, (of) => `${of} 因垃圾回收而停顿`],
  [/^(\S+) work that waits for a thread$/, (of) => `${of} 等待线程的任务`],
  [/^(\S+) locks waited for$/, (of) => `${of} 等待的锁`],
  [/^(\S+) callers that wait for a connection$/, (of) => `${of} 中等待连接的调用`],
  [/^(\S+) errors, its peers (.+)$/, (of, peers) => `${of} 的错误，其他实例 ${peers}`],
  [/^(\S+), its peers (.+)$/, (of, peers) => `${of}，其他实例 ${peers}`],
  [/^requests to (\S+)$/, (of) => `发往 ${of} 的请求`],
  [/^messages sent to (\S+)$/, (of) => `发往 ${of} 的消息`],
  [/^(\S+) messages$/, (of) => `${of} 中的消息`],
  [/^(\S+) consumers$/, (of) => `${of} 的消费者`],
  [/^(\S+) delivered$/, (of) => `${of} 投递的消息`],
  [/^restarts of (\S+)$/, (of) => `${of} 的重启次数`],
  [/^(\S+ → \S+) errors$/, (edge) => `${edge} 的错误`],
  [/^(\S+ → \S+) calls$/, (edge) => `${edge} 的调用`],
  [/^(\S+) transactions that wait for locks$/, (of) => `${of} 中等待锁的事务`],
  [/^(\S+) longest transaction$/, (of) => `${of} 中最长的事务`],
  [/^(\S+) connections taken$/, (of) => `${of} 已用的连接`],
];

const findings: readonly Form[] = [
  [/^(.+) depend on each other, and one request goes all the way round$/, (path) => `${path} 相互依赖，并且有一个请求绕了一整圈`],
  [/^(.+) depend on each other; no single request was seen to go all the way round$/, (path) => `${path} 相互依赖；没有看到某个请求绕完一整圈`],
  [/^(.+) depend on each other; not all of it was called in the last hour$/, (path) => `${path} 相互依赖；最近一小时并非每一段都有调用`],
  [/^turn one of the calls round, put what both need into a service of its own, or let one of them send a message$/, () => '把其中一个调用反过来，或把双方都需要的部分拆成单独的服务，或让其中一方改为发消息'],
  [/^(\S+) is (\S+) and cannot do without (\S+), which is only (\S+?)( \(.+\))?$/, (from, high, to, low, path) => `${from} 的重要性为${level(high!)}，却离不开重要性只有${level(low!)}的 ${to}${path}`],
  [/^declare (\S+) as (\S+), or give (\S+) a fallback for it \(optional: true, or fallback\)$/, (to, high, from) => `把 ${to} 声明为 ${high}，或为 ${from} 给它配置降级（optional: true 或 fallback）`],
  [/^(\S+) calls (\S+), which its manifest does not name$/, (from, to) => `${from} 调用了 ${to}，清单里没有声明`],
  [/^add '(\S+)' to the needs of (\S+) and call it by (\S+), or stop calling it$/, (to, from, variable) => `把“${to}”加入 ${from} 的 needs，并通过 ${variable} 调用；或者不再调用它`],
  [/^(\S+) declares that it needs (\S+), and has not called it in (?:the last hour|(\d+) minutes)$/, (from, to, minutes) => `${from} 声明依赖 ${to}，但${minutes ? `${minutes} 分钟内` : '最近一小时'}没有调用过`],
  [/^remove '(\S+)' from the needs of (\S+), if it is no longer used$/, (to, from) => `如果不再使用，从 ${from} 的 needs 中删去“${to}”`],
];

const reasons: readonly Form[] = [
  [/^more instances take more requests$/, () => '实例更多，能接更多请求'],
  [/^(\S+) has no processor time left, another host takes a part$/, (host) => `${host} 的 CPU 已用尽，由另一台主机分担`],
  [/^(\S+) has no processor time left, and there is no other host: the most important requests go first$/, (host) => `${host} 的 CPU 已用尽，也没有别的主机：最重要的请求优先`],
  [/^the most important requests go first$/, () => '最重要的请求优先'],
  [/^fewer requests reach the database; more instances would only ask it more$/, () => '让到达数据库的请求变少；增加实例只会让它更忙'],
  [/^fewer requests hold connections; more instances would only take more of them$/, () => '让占用连接的请求变少；增加实例只会占用更多'],
  [/^its instances are replaced one after the other, with empty heaps; raise its memory if it comes back$/, () => '实例逐个替换，堆从空开始；若再次发生，请加大内存'],
  [/^it runs and answers nobody$/, () => '它在运行，但不应答'],
  [/^(\S+) is replaced with the others, one after the other$/, (of) => `${of} 与其他实例一起逐个替换`],
];

const advice: readonly Form[] = [
  [/^start (\S+) again: Mainstay does not run it$/, (of) => `重新启动 ${of}：它不由 Mainstay 运行`],
  [/^start (\S+): it is scaled to none$/, (of) => `启动 ${of}：它的实例数被设为零`],
  [/^see why (\S+) is not ready$/, (of) => `查看 ${of} 为什么没有就绪`],
  [/^undo the change: (\S+) goes back to what it was before, with whoever has to go along$/, (of) => `撤销变更：${of} 回到之前的版本，必须一起回退的服务也一起回退`],
  [/^end the intervention: (.+)$/, (act) => `结束干预：${act}`],
  [/^see why it ends$/, () => '查看它为什么退出'],
  [/^its threads wait for each other: more instances share the work, where they do not share the lock$/, () => '它的线程互相等待：如果不共用同一把锁，增加实例可以分担'],
  [/^raise the limit of the control group that holds it back$/, () => '提高限制它的控制组的限额'],
  [/^move work to another host: the machine below gives this one less time$/, () => '把工作移到另一台主机：下层机器给这一台的时间变少了'],
  [/^find what reads or writes so much: 'mainstay top instances'$/, () => '找出大量读写的程序：“mainstay top instances”'],
  [/^give the host more memory, or run less on it: 'mainstay top instances'$/, () => '给主机加内存，或减少其上的负载：“mainstay top instances”'],
  [/^look at the host's network: packets are lost or broken$/, () => '检查主机的网络：有数据包丢失或损坏'],
  [/^it is not ours: a breaker with a fallback on what calls it keeps the rest well$/, () => '它不归我们管：在调用方配置带降级的熔断器，其余部分就不受影响'],
  [/^run (\d+) instances of (\S+): (.+)$/, (count, of, why) => `把 ${of} 运行到 ${count} 个实例：${saidZh(why!)}`],
  [/^(\S+) scales by itself: (.+)$/, (of, why) => `${of} 会自动伸缩：${saidZh(why!)}`],
  [/^(\S+) already runs all (\d+) instances that it may$/, (of, count) => `${of} 已运行允许的全部 ${count} 个实例`],
  [/^run more of what takes from it, where it has processor time left and its database is not what it waits for$/, () => '增加消费者，前提是还有 CPU，且它等的不是数据库'],
  [/^admit only what is of high criticality to (\S+): (.+)$/, (of, why) => `只放行发往 ${of} 的高重要性请求：${saidZh(why!)}`],
  [/^limit the requests to (\S+|what is hurt): (.+); declare 'traffic: \{ levels \}' so that it can be done by criticality$/, (of, why) => `限制发往 ${of === 'what is hurt' ? '受影响服务' : of} 的请求：${saidZh(why!)}；声明“traffic: { levels }”后可按重要性限制`],
  [/^throw the degradation (\S+) on (\S+): it asks less of what is behind$/, (name, of) => `在 ${of} 上启用降级 ${name}：减轻后端的负担`],
  [/^replace (\S+): it gets no more requests, and another takes its place$/, (of) => `替换 ${of}：不再给它请求，由新实例接替`],
  [/^keep requests from (\S+) for a while: it runs on and can be looked at$/, (of) => `暂时不给 ${of} 请求：它继续运行，可供查看`],
  [/^restart (\S+): (.+)$/, (of, why) => `重启 ${of}：${saidZh(why!)}`],
  [/^nothing was felt any more (\d+) s after it$/, (seconds) => `执行 ${seconds} 秒后不再有症状`],
  [/^the trouble went on (\d+) s after it(; it was ended)?$/, (seconds, ended) => `执行 ${seconds} 秒后问题仍在${ended ? '；已结束' : ''}`],
];

const happened: Readonly<Record<string, string>> = { Opened: '发现', Reopened: '复发', Resolved: '结束', CauseChanged: '原因改变' };

// The parts before and after a colon that are each of a form of their own.
const composed: readonly Form[] = [
  [/^Incident(Opened|Reopened|Resolved|CauseChanged): (.+)$/, (what, title) => `${happened[what!]}：${saidZh(title!)}`],
  [new RegExp(`^(.+): (${causeForm}), (\\S.*)$`), (symptom, cause, target) => `${saidZh(symptom!)}：${causes[cause!]}，${target}`],
  [/^(.+): the cause is not known, it is in (\S.*)$/, (symptom, target) => `${saidZh(symptom!)}：原因未知，位于 ${target}`],
  [/^(.+): a rule of your own$/, (symptom) => `${saidZh(symptom!)}：自定义规则`],
  [/^over: (.+)$/, (title) => `已结束：${saidZh(title!)}`],
  [/^(.+): (.+)$/, (what, values) => {
    const known = figures.find(([form]) => form.test(what!));
    return known ? `${known[1](...known[0].exec(what!)!.slice(1))}：${values}` : `${what}: ${values}`;
  }],
];

const forms: readonly Form[] = [...advice, ...reasons, ...findings, ...facts, ...composed, ...symptoms];
