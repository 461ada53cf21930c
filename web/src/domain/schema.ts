/** What JSON can hold. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

export type JsonObject = { readonly [key: string]: Json };

/** The part of JSON Schema that `GET /api/v1/kinds/NAME/schema` uses. */
export interface Schema {
  $ref?: string;
  type?: string;
  description?: string;
  properties?: Readonly<Record<string, Schema>>;
  required?: readonly string[];
  additionalProperties?: Schema | boolean;
  items?: Schema;
  enum?: readonly string[];
  const?: Json;
  default?: Json;
  pattern?: string;
  $defs?: Readonly<Record<string, Schema>>;
}

/** How a value is asked for. `lines` is a list of texts, `free` is whatever JSON allows. */
export type Shape = 'record' | 'map' | 'list' | 'lines' | 'choice' | 'flag' | 'number' | 'text' | 'free';

/** A schema with its reference followed; what stands beside the reference wins. */
export function resolve(root: Schema, schema: Schema): Schema {
  const name = schema.$ref?.match(/^#\/\$defs\/(.+)$/)?.[1];
  if (name === undefined) return schema;
  const { $ref: _, ...beside } = schema;
  return { ...resolve(root, root.$defs?.[name] ?? {}), ...beside };
}

/** The shape of a resolved schema. */
export function shapeOf(root: Schema, schema: Schema): Shape {
  if (schema.enum) return 'choice';
  switch (schema.type) {
    case 'object':
      return schema.properties || typeof schema.additionalProperties !== 'object' ? 'record' : 'map';
    case 'array':
      return schema.items && shapeOf(root, resolve(root, schema.items)) === 'text' ? 'lines' : 'list';
    case 'boolean':
      return 'flag';
    case 'integer':
    case 'number':
      return 'number';
    case 'string':
      return 'text';
    default:
      return 'free';
  }
}

/** Whether the value has parts of its own, so that it gets a section instead of a line. */
export const isLarge = (shape: Shape): boolean => shape === 'record' || shape === 'list' || shape === 'map';

/** The schema of what lies at a path of property names, map keys and list places; undefined where nothing can. */
export function schemaAt(root: Schema, path: readonly string[]): Schema | undefined {
  let found: Schema | undefined = resolve(root, root);
  for (const key of path) {
    const next: Schema | undefined = found.properties?.[key] ?? (typeof found.additionalProperties === 'object' ? found.additionalProperties : found.items);
    if (!next) return undefined;
    found = resolve(root, next);
  }
  return found;
}

/** What a value is when it is added: empty, but with all that is required. */
export function beginning(root: Schema, schema: Schema): Json {
  const one = resolve(root, schema);
  if (one.default !== undefined) return one.default;
  switch (shapeOf(root, one)) {
    case 'record':
      return Object.fromEntries((one.required ?? []).map((name) => [name, beginning(root, one.properties?.[name] ?? {})]));
    case 'map':
      return {};
    case 'list':
    case 'lines':
      return [];
    case 'choice':
      return one.enum![0]!;
    case 'flag':
      return false;
    case 'number':
      return 0;
    default:
      return '';
  }
}

/** What is wrong at a field: `missing`, `pattern`, `whole` (no whole number), `number`. */
export interface FieldFault {
  path: string;
  fault: 'missing' | 'pattern' | 'whole' | 'number';
}

/** What can be seen without asking the server: required values, notations, numbers. */
export function faultsOf(root: Schema, schema: Schema, value: Json | undefined, path = ''): FieldFault[] {
  const one = resolve(root, schema);
  if (value === undefined) return [];
  const below = (name: string) => (path ? `${path}.${name}` : name);
  switch (shapeOf(root, one)) {
    case 'record': {
      const record = isObject(value) ? value : {};
      const missing = (one.required ?? []).filter((name) => record[name] === undefined || record[name] === '').map((name): FieldFault => ({ path: below(name), fault: 'missing' }));
      return [...missing, ...Object.entries(record).flatMap(([name, part]) => (part !== '' && one.properties?.[name] ? faultsOf(root, one.properties[name], part, below(name)) : []))];
    }
    case 'map':
      return Object.entries(isObject(value) ? value : {}).flatMap(([name, part]) => faultsOf(root, one.additionalProperties as Schema, part, below(name)));
    case 'list':
    case 'lines':
      return (Array.isArray(value) ? (value as readonly Json[]) : []).flatMap((part, index) => faultsOf(root, one.items ?? {}, part, below(String(index))));
    case 'number':
      return typeof value !== 'number' ? [{ path, fault: 'number' }] : one.type === 'integer' && !Number.isInteger(value) ? [{ path, fault: 'whole' }] : [];
    case 'text':
      return one.pattern && typeof value === 'string' && value !== '' && !new RegExp(one.pattern).test(value) ? [{ path, fault: 'pattern' }] : [];
    default:
      return [];
  }
}

export const isObject = (value: Json | undefined): value is JsonObject => typeof value === 'object' && value !== null && !Array.isArray(value);

/** What a field means: in the reader's language by the end of its path, the longest first, else in the schema's own words. */
export function meaningOf(schema: Schema, path: readonly string[], words: Readonly<Record<string, string>>): string | undefined {
  const names = path.filter((key) => !/^\d+$/.test(key));
  return words[names.slice(-2).join('.')] ?? words[names.length === 1 ? names[0]! : ''] ?? schema.description;
}
