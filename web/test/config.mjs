// Configuration of the made-up world: one name space is going out in stages, another is edited, and one reader could not take what was published.

const at = '2026-01-01T10:00:00Z';
const content = (values, more = {}) => ({ layer: 'application', description: '', inherits: [], items: {}, values: { '*': values }, ...more });
const staged = {
  number: 8, content: content({ banner: 'welcome', 'http:timeout-ms': '250' }), by: 'ada', at, step: 0, since: at, paused: false, reason: 'shorter timeouts',
  plan: { steps: ['5%', '25%', '50%'], hold: '2m', hosts: [], labels: {}, gates: [] },
};
const spaces = [
  { kind: 'configspace', name: 'shared', revision: 4, version: 3, used: 3, content: content({ region: 'eu' }) },
  { kind: 'configspace', name: 'web', revision: 9, version: 7, used: 8, content: content({ banner: 'hello', 'http:timeout-ms': '2000', key: 'secret:web-key' }, { inherits: ['shared'] }), staged },
];
const drafts = [{ kind: 'configdraft', name: 'shared', revision: 5, from: 3, by: 'ben', at, content: content({ region: 'us' }) }];
const value = (text, space, version, more = {}) => ({ value: text, space, version, layer: 'application', environment: '*', isDefault: false, isSecret: false, ...more });
const reader = (name, tag, current, more = {}) => ({ reader: { reader: name, environment: 'prod', tag, seenAt: at, address: 'one', ...more }, isCurrent: current, isStaged: tag.startsWith('web.8') });
const refused = 'nginx.conf: its command ended with 1; what it wrote is in the log of web-3';

/** The answers about configuration, a list to be watched as it is; undefined for what is something else. */
export function readConfig(noun, name, verb) {
  if (noun === 'config-spaces') return spaces;
  if (noun === 'config-drafts') return drafts;
  if (noun !== 'config' || name === undefined) return undefined;
  switch (verb) {
    case 'effective':
      return {
        space: name, environment: '*', tag: 'web.7-shared.3', from: { web: 7, shared: 3 },
        values: { banner: value('hello', 'web', 7), 'http:timeout-ms': value('2000', 'web', 7), key: value('secret:web-key', 'web', 7, { isSecret: true }), region: value('eu', 'shared', 3, { isDefault: true }) },
      };
    case 'staging':
      return {
        staged, chosen: 2, running: 1, others: 38, message: 'for 1m 20s more at 5%, and until 1 more reader runs it',
        reports: { web: { verdict: 'noHarm', message: 'errors 0.1% beside 0.1%, p99 31ms beside 33ms, of 1,204 requests' } },
      };
    case 'readers':
      return { items: [reader('web-1', 'web.8-shared.3', true), reader('web-2', 'web.7-shared.3', true), reader('web-3', 'web.6-shared.3', false, { problem: refused })] };
    case 'diff':
      return { by: 'ben', at, changes: [{ path: 'values.*.region', before: 'eu', after: 'us' }], problems: [] };
    case 'versions':
      return { items: [{ name: `${name}.7`, space: name, number: 7, content: content({}), by: 'ada', at, reason: 'the first', outcome: 'published', withdrawn: '', changes: [{ path: 'values.*.banner', before: 'hi', after: 'hello' }] }] };
    default:
      return undefined;
  }
}
