import { describe, expect, it } from 'vitest';
import { beginning, faultsOf, meaningOf, resolve, schemaAt, shapeOf, type Schema } from './schema';

const root: Schema = {
  type: 'object',
  properties: { spec: { $ref: '#/$defs/Spec', description: 'the spec' } },
  $defs: {
    Spec: {
      type: 'object',
      description: 'a spec',
      properties: {
        timeout: { type: 'string', pattern: '^[0-9]+(ms|s)$', default: '30s' },
        limits: { type: 'array', items: { $ref: '#/$defs/Limit' } },
        on: { type: 'array', items: { type: 'string' } },
        headers: { type: 'object', additionalProperties: { type: 'string' } },
        parts: { type: 'object', additionalProperties: { $ref: '#/$defs/Limit' } },
        body: {},
        dry: { type: 'boolean', default: false },
      },
    },
    Limit: { type: 'object', required: ['algorithm'], properties: { algorithm: { enum: ['tokenBucket', 'adaptive'] }, burst: { type: 'integer' } } },
  },
};
const spec = schemaAt(root, ['spec'])!;

describe('schema', () => {
  it('follows references and keeps what stands beside them', () => expect(resolve(root, root.properties!.spec!).description).toBe('the spec'));

  it.each([['timeout', 'text'], ['limits', 'list'], ['on', 'lines'], ['headers', 'map'], ['parts', 'map'], ['body', 'free'], ['dry', 'flag']])('%s is %s', (name, shape) =>
    expect(shapeOf(root, resolve(root, spec.properties![name]!))).toBe(shape),
  );

  it('finds what lies in lists and maps', () => {
    expect(schemaAt(root, ['spec', 'limits', '0', 'burst'])?.type).toBe('integer');
    expect(schemaAt(root, ['spec', 'parts', 'a', 'algorithm'])?.enum).toHaveLength(2);
    expect(schemaAt(root, ['spec', 'nothing'])).toBeUndefined();
  });

  it('begins with what is required, and with defaults', () => {
    expect(beginning(root, { $ref: '#/$defs/Limit' })).toEqual({ algorithm: 'tokenBucket' });
    expect(beginning(root, spec.properties!.timeout!)).toBe('30s');
  });

  it('sees notations, numbers and what is missing, each at its place', () => {
    expect(faultsOf(root, spec, { timeout: 'soon', limits: [{ algorithm: 'adaptive', burst: 1.5 }, { burst: 'many' }] })).toEqual([
      { path: 'timeout', fault: 'pattern' },
      { path: 'limits.0.burst', fault: 'whole' },
      { path: 'limits.1.algorithm', fault: 'missing' },
      { path: 'limits.1.burst', fault: 'number' },
    ]);
    expect(faultsOf(root, spec, { timeout: '2s', body: { any: [1] }, headers: { a: 'b' } })).toEqual([]);
  });
});

it('a field is explained by the end of its path, else in the words of the schema', () => {
  const words = { timeout: '时限', 'breaker.errors': '错误' };
  const schema = { description: 'own words' };
  expect(meaningOf(schema, ['timeout'], words)).toBe('时限');
  expect(meaningOf(schema, ['breaker', 'errors'], words)).toBe('错误');
  expect(meaningOf(schema, ['limits', '0', 'errors'], words)).toBe('own words');
  expect(meaningOf(schema, ['queue', 'timeout'], words)).toBe('own words');
  expect(meaningOf({}, ['x'], {})).toBeUndefined();
});
