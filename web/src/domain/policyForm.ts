import type { ProblemDetails } from '../api/shapes';
import { same } from './same';
import { isObject, type Json, type JsonObject } from './schema';

/** A resource that carries policies, and where they lie in it. */
export interface Subject {
  /** `route/NAME`, `need/CALLER.CALLEE`, `service/NAME`, `objective/NAME`, `rule/NAME` or `gateway/gateway`. */
  about: string;
  kind: 'route' | 'service' | 'gateway' | 'objective' | 'rule';
  plural: string;
  name: string;
  /** Where the policies lie in the resource. */
  path: readonly string[];
  /** Before the paths of the server's problems. */
  prefixes: readonly string[];
}

/** What only names the resource, or is Mainstay's own: not asked for. */
export const hiddenFields: ReadonlySet<string> = new Set(['kind', 'name', 'revision', 'baseFolder']);

/** Reads what traffic and interventions call it; undefined for anything without policies of its own. */
export function subjectOf(about: string): Subject | undefined {
  const [, sort, rest] = /^([a-z]+)\/(.+)$/.exec(about) ?? [];
  if (!rest) return undefined;
  switch (sort) {
    case 'route':
      return { about, kind: 'route', plural: 'routes', name: rest, path: ['spec'], prefixes: [`gateway.routes.${rest}`, `routes.${rest}`, 'spec'] };
    case 'service':
      return { about, kind: 'service', plural: 'services', name: rest, path: ['spec', 'traffic'], prefixes: [`services.${rest}.traffic`, 'spec.traffic'] };
    case 'need': {
      const [, caller, callee] = /^([^.]+)\.(.+)$/.exec(rest) ?? [];
      if (!caller || !callee) return undefined;
      return { about, kind: 'service', plural: 'services', name: caller, path: ['spec', 'needs', callee], prefixes: [`services.${caller}.needs.${callee}`, `spec.needs.${callee}`] };
    }
    case 'objective':
      return { about, kind: 'objective', plural: 'objectives', name: rest, path: ['spec'], prefixes: [`objectives.${rest}`, 'spec'] };
    case 'rule':
      return { about, kind: 'rule', plural: 'rules', name: rest, path: ['spec'], prefixes: [`rules.${rest}`, 'spec'] };
    case 'gateway':
      return { about, kind: 'gateway', plural: 'gateways', name: 'gateway', path: [], prefixes: ['gateway'] };
    default:
      return undefined;
  }
}

/** The value at a path; undefined where there is nothing. */
export function valueAt(value: Json | undefined, path: readonly string[]): Json | undefined {
  return path.reduce<Json | undefined>((at, key) => (Array.isArray(at) ? (at as readonly Json[])[Number(key)] : isObject(at) ? at[key] : undefined), value);
}

/** The same with another value at the path; undefined takes it away. What lies on the way is made where it is missing. */
export function withAt(value: Json | undefined, path: readonly string[], next: Json | undefined): Json | undefined {
  const [key, ...rest] = path;
  if (key === undefined) return next;
  if (Array.isArray(value)) {
    const list = [...(value as readonly Json[])];
    const part = withAt(list[Number(key)], rest, next);
    if (part === undefined) list.splice(Number(key), 1);
    else list[Number(key)] = part;
    return list;
  }
  const { [key]: before, ...others } = isObject(value) ? value : ({} as JsonObject);
  const part = withAt(before, rest, next);
  if (part === undefined) return others;
  // In place where it was, so that nothing jumps about.
  return before === undefined ? { ...others, [key]: part } : { ...(value as JsonObject), [key]: part };
}

/** What was changed from `base` to `mine`, laid over `theirs`. Lists count as one value. */
export function rebased(base: Json | undefined, mine: Json | undefined, theirs: Json | undefined): Json | undefined {
  if (same(base, mine)) return theirs;
  if (!isObject(mine) || !isObject(theirs) || !isObject(base)) return mine;
  let result: JsonObject = theirs;
  for (const key of new Set([...Object.keys(base), ...Object.keys(mine)])) {
    result = withAt(result, [key], rebased(base[key], mine[key], theirs[key])) as JsonObject;
  }
  return result;
}

export interface FieldProblem {
  what: string;
  remedy: string;
}

/** The server's problems by the field that each is about; those about nothing that is shown come apart. */
export function placed(problems: ProblemDetails['problems'], subject: Subject): { fields: ReadonlyMap<string, FieldProblem[]>; others: { path: string; what: string; remedy: string }[] } {
  const fields = new Map<string, FieldProblem[]>();
  const others: { path: string; what: string; remedy: string }[] = [];
  for (const problem of problems ?? []) {
    const path = problem.path.replaceAll(/\[(\d+)\]/g, '.$1').replaceAll(/\['([^']+)'\]/g, '.$1');
    const prefix = subject.prefixes.find((one) => path === one || path.startsWith(`${one}.`));
    const inside = prefix !== undefined ? path.slice(prefix.length + 1) : subject.path.length === 0 ? path : undefined;
    if (inside) fields.set(inside, [...(fields.get(inside) ?? []), problem]);
    else others.push(problem);
  }
  return { fields, others };
}

/** Whether a problem lies at the path or below it. */
export const anyBelow = (fields: ReadonlyMap<string, unknown>, path: string): boolean => [...fields.keys()].some((key) => key === path || key.startsWith(`${path}.`));

/** What is sent: lists of lines without their empty lines. */
export function tidied(value: Json | undefined): Json | undefined {
  if (Array.isArray(value)) return (value as readonly Json[]).filter((one) => one !== '').map((one) => tidied(one)!);
  return isObject(value) ? Object.fromEntries(Object.entries(value).map(([key, one]) => [key, tidied(one)!])) : value;
}
