// Resources of the made-up world that carry policies, and writes of them: what kinds/NAME/schema, routes, services and gateways tell.
const duration = '^[0-9]+(ms|s|m|h)$';
const share = '^[0-9]+(\\.[0-9]+)?%$';
const text = (description, more) => ({ type: 'string', description, ...more });

const defs = {
  Breaker: {
    type: 'object',
    properties: {
      errors: text('Opens at this share of errors. Default 50%; above 0%.', { pattern: share, default: '50%' }),
      open: text('How long it stays open. Default 5s.', { pattern: duration, default: '5s' }),
      minimum: { type: 'integer', description: 'Fewer requests say nothing. Default 20.', default: 20 },
      limited: { enum: ['ignore', 'error', 'open'], description: 'What an answer that limits does.', default: 'ignore' },
    },
  },
  Limit: {
    type: 'object',
    required: ['algorithm'],
    properties: {
      algorithm: { enum: ['fixedWindow', 'tokenBucket', 'adaptive'], description: 'How it counts.' },
      rate: text('How many in which time.', { pattern: '^[0-9]+/(s|m|h)$' }),
      burst: { type: 'integer', description: 'At once.' },
      dryRun: { type: 'boolean', description: 'Only counts.', default: false },
    },
  },
  Split: { type: 'object', properties: { by: text('Who stays where he was put.'), parts: { type: 'array', items: { type: 'object', properties: { version: text('Its versions.'), weight: { type: 'integer', description: 'Its weight.' } } } } } },
  Edit: { type: 'object', properties: { set: { type: 'object', additionalProperties: { type: 'string' }, description: 'Set to this.' }, remove: { type: 'array', items: { type: 'string' }, description: 'Taken away.' } } },
  Bans: { type: 'object', properties: { missing: { type: 'integer', description: 'So many paths that are not there.' }, never: { type: 'array', items: { type: 'string' }, description: 'Never banned.' } } },
};

const call = {
  timeout: text('To the headers. Default 30s.', { pattern: duration, default: '30s' }),
  breaker: { $ref: '#/$defs/Breaker', description: 'When requests are kept from the service.' },
  limits: { type: 'array', items: { $ref: '#/$defs/Limit' }, description: 'How many pass.' },
  split: { $ref: '#/$defs/Split', description: 'Divides the requests.' },
};

const schemas = {
  objective: {
    properties: { name: { type: 'string' }, spec: { $ref: '#/$defs/objective' } },
    defs: { objective: { type: 'object', properties: { route: { type: 'string', description: 'The route that it is of.' }, availability: { type: 'string', description: 'Which part is to be answered without an error.' } } } },
  },
  route: {
    properties: { name: text('Its name.'), spec: { $ref: '#/$defs/Spec' } },
    defs: { Spec: { type: 'object', required: ['match'], properties: { match: { type: 'object', description: 'Which requests.', properties: { path: text('A template.') } }, to: text('The service.'), ...call, responseHeaders: { $ref: '#/$defs/Edit', description: 'Changes to headers.' }, body: { description: 'Anything.' } } } },
  },
  service: {
    properties: { name: text('Its name.'), spec: { $ref: '#/$defs/Spec' } },
    defs: { Spec: { type: 'object', properties: { traffic: { type: 'object', properties: { balance: { enum: ['p2c', 'roundRobin'], description: 'Who gets the next.' } } }, needs: { type: 'object', additionalProperties: { type: 'object', properties: call } } } } },
  },
  gateway: { properties: { name: text('Its name.'), listen: text('Its address.'), bans: { $ref: '#/$defs/Bans', description: 'Turns abnormal clients away.' } }, defs: {} },
};

export function makePolicies() {
  return {
    revision: 900,
    version: 4,
    items: {
      'routes/orders-api': { revision: 880, resource: { kind: 'route', name: 'orders-api', spec: { match: { path: '/api/orders/{**rest}' }, to: 'orders', timeout: '2s', breaker: { errors: '50%', minimum: 20 }, limits: [{ algorithm: 'tokenBucket', rate: '100/s' }], split: { parts: [{ weight: 90 }, { version: '>=2.1', weight: 10 }] } } } },
      'services/web': { revision: 881, resource: { kind: 'service', name: 'web', spec: { needs: { reviews: { timeout: '1s' } } } } },
      'gateways/gateway': { revision: 882, resource: { kind: 'gateway', name: 'gateway', listen: 'http://127.0.0.1:8080', bans: { missing: 40 } } },
    },
  };
}

/** What a GET answers: status, body, ETag; undefined where it is about something else. */
export function readPolicies(state, noun, name, verb) {
  if (noun === 'kinds' && verb === 'schema' && schemas[name]) {
    return { status: 200, body: { type: 'object', title: name, properties: schemas[name].properties, $defs: { ...defs, ...schemas[name].defs } } };
  }
  const item = state.items[`${noun}/${name}`];
  return item && { status: 200, body: { ...item.resource, revision: item.revision }, tag: `"${item.revision}"` };
}

/** What a PUT answers. */
export function writePolicies(state, noun, name, body, tag, dryRun) {
  const item = state.items[`${noun}/${name}`];
  if (!item) return undefined;
  if (tag !== undefined && tag !== `"${item.revision}"`) {
    return { status: 412, body: { title: 'Precondition Failed', status: 412, detail: `${noun}/${name} is not at the expected revision`, remedy: 'read it again, then repeat the change' } };
  }
  const problems = problemsOf(noun, name, body);
  if (problems.length > 0) return { status: 422, body: { title: 'Unprocessable Entity', status: 422, detail: problems[0].what, remedy: problems[0].remedy, problems } };
  const { kind: _, revision: __, ...resource } = body;
  const before = item.resource.spec ?? item.resource;
  const after = resource.spec ?? resource;
  const changes = [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .filter((key) => JSON.stringify(before[key]) !== JSON.stringify(after[key]))
    .map((key) => ({ path: `${noun}.${name}.${key}`, ...(before[key] !== undefined && { before: JSON.stringify(before[key]) }), ...(after[key] !== undefined && { after: JSON.stringify(after[key]) }) }));
  if (!dryRun && changes.length > 0) {
    item.resource = { ...item.resource, ...resource };
    item.revision = ++state.revision;
    state.version++;
  }
  return { status: 200, body: { version: dryRun && changes.length > 0 ? state.version + 1 : state.version, changes, changed: changes.length > 0, dryRun } };
}

function problemsOf(noun, name, body) {
  const problems = [];
  if (body.spec?.breaker?.errors === '0%') problems.push({ path: `gateway.routes.${name}.breaker.errors`, what: 'it would always be open', remedy: 'choose more than 0%' });
  (body.spec?.limits ?? []).forEach((limit, index) => {
    if (limit.algorithm !== 'adaptive' && !limit.rate) problems.push({ path: `gateway.routes.${name}.limits.${index}.rate`, what: `a ${limit.algorithm} needs a rate`, remedy: 'add rate: 100/s' });
  });
  return problems;
}
