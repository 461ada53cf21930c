// Releases of the made-up services: one canary of a group under way, and those that have ended.

const ago = (seconds) => new Date(Date.now() - seconds * 1000).toISOString();
const mark = (stage, share, seconds) => ({ at: ago(seconds), stage, share });
const figures = (requests, errors, p50Ms, p90Ms, p99Ms) => ({ requests, errors, p50Ms, p90Ms, p99Ms });

const report = (verdict, message, fresh, callees) => ({
  verdict, message, old: figures(4210, 38, 21.4, 48.2, 96.5), new: fresh, errorEvidence: verdict === 'harmful' ? 6.1 : 0.4, slowEvidence: 0.2, effect: 0.04, z: 1.1, callees,
});

const canary = {
  to: 'b2c3', version: '2.0.0', from: '1.4.0', strategy: 'canary', group: 'checkout', stage: 'waiting', step: 1, share: '25%', began: ago(95), declared: 4, since: ago(20),
  marks: [mark('starting', '0%', 95), mark('waiting', '5%', 90), mark('starting', '5%', 25), mark('waiting', '25%', 20)], why: '',
};

const aborted = {
  to: 'a1b2', version: '1.9.0', from: '1.4.0', strategy: 'canary', stage: 'aborted', step: 0, share: '0%', began: ago(7200), declared: 3, since: ago(7160),
  marks: [mark('starting', '0%', 7200), mark('holding', '5%', 7196), mark('aborted', '0%', 7160)], why: 'harm to orders-db: 20 calls per request against 2, in 11 of 11 looks; odds 550:1',
};

const live = report('noHarm', 'no harm seen: 0.9% errors and p99 97.1ms of 1398 requests, against 0.9% and 96.5ms of 4210', figures(1398, 13, 21.6, 48, 97.1), [
  { name: 'orders', oldRate: 1.02, newRate: 1.01, old: figures(4294, 12, 8.2, 14, 31), new: figures(1412, 4, 8.1, 14.2, 30.4), evidence: -0.2 },
  { name: 'select * from stock where item = ? and amount > ? order by amount', oldRate: 2, newRate: 2.5, old: figures(8420, 0, 1.2, 2.1, 5.5), new: figures(3495, 0, 1.3, 2.2, 5.8), evidence: 1.4 },
]);

/** The kinds `services` and `releases`, and `GET /api/v1/services/NAME/rollout`; undefined for what is neither. */
export function readReleases(world, noun, name, verb) {
  if (noun === 'services' && name && verb === 'rollout') return { service: name, message: '', release: canary, comparison: live.message, report: live, history: [] };
  if (noun === 'services' && !name) {
    return world.services.map((service) => ({
      name: service.name, revision: 1, removed: false,
      spec: { run: 'x', release: service.name === 'payments' ? { strategy: 'canary', steps: ['5%', '25%', '50%'], pause: true } : undefined },
      status: { state: 'update', message: service.name === 'payments' ? "canary of 2.0.0 at 25% of requests waits for 'mainstay rollout resume payments'" : '', ...(service.name === 'payments' && { release: canary }) },
    }));
  }
  if (noun === 'releases' && !name) {
    return [{ name: 'payments.1', revision: 1, service: 'payments', number: 1, release: aborted, report: report('harmful', aborted.why, figures(211, 9, 22, 49, 99)) }];
  }
  return undefined;
}
