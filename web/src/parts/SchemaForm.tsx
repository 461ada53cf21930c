import { createContext, useContext, useId, useState, type ReactNode } from 'react';
import { anyBelow, type FieldProblem } from '../domain/policyForm';
import { beginning, isLarge, isObject, meaningOf, resolve, shapeOf, type Json, type Schema, type Shape } from '../domain/schema';
import { useText } from './settings';

interface FormContext {
  root: Schema;
  problems: ReadonlyMap<string, readonly FieldProblem[]>;
  explain: boolean;
  change: (path: readonly string[], next: Json | undefined) => void;
}

const Form = createContext<FormContext | undefined>(undefined);

const keyOf = (path: readonly string[]) => path.join('.');

/** A form for a value of a JSON Schema: one field per property, a section for each that has parts of its own. */
export function SchemaForm({ schema, value, hidden, ...context }: FormContext & { schema: Schema; value: Json | undefined; hidden?: ReadonlySet<string> }) {
  return (
    <Form.Provider value={context}>
      <RecordFields schema={schema} value={value} path={[]} {...(hidden && { hidden })} />
    </Form.Provider>
  );
}

interface PartProps {
  schema: Schema;
  value: Json | undefined;
  path: readonly string[];
}

function RecordFields({ schema, value, path, hidden }: PartProps & { hidden?: ReadonlySet<string> }) {
  const { root } = useContext(Form)!;
  const fields = Object.entries(schema.properties ?? {})
    .filter(([name]) => !hidden?.has(name))
    .map(([name, one]) => ({ name, schema: resolve(root, one), required: schema.required?.includes(name) ?? false }))
    .map((field) => ({ ...field, shape: shapeOf(root, field.schema) }));
  const part = (name: string) => (isObject(value) ? value[name] : undefined);
  return (
    <>
      <div className="form-fields">
        {fields.filter(({ shape }) => !isLarge(shape)).map((field) => <Line key={field.name} {...field} value={part(field.name)} path={[...path, field.name]} />)}
      </div>
      <div className="form-sections">
        {fields.filter(({ shape }) => isLarge(shape)).map((field) => <Section key={field.name} {...field} value={part(field.name)} path={[...path, field.name]} />)}
      </div>
    </>
  );
}

interface NamedProps extends PartProps {
  name: string;
  shape: Shape;
  required?: boolean;
}

/** A value with parts: declared or not, and folded until it is. */
function Section({ name, schema, shape, value, path, required }: NamedProps) {
  const text = useText().policies;
  const { root, problems, change } = useContext(Form)!;
  const declared = value !== undefined && value !== null;
  const [open, setOpen] = useState(declared && path.length === 1);
  const wrong = anyBelow(problems, keyOf(path));
  const meaning = meaningOf(schema, path, useText().sight.keys);
  return (
    <details className={`form-section${declared ? ' is-declared' : ''}${wrong ? ' is-wrong' : ''}`} open={open || wrong} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <strong>{name}</strong>
        {declared ? <Count of={value} shape={shape} /> : <span className="quiet">{required ? text.required : text.notDeclared}</span>}
      </summary>
      <div className="form-section-body">
        {meaning && <p className="quiet form-doc">{meaning}</p>}
        <Problems path={path} />
        {declared && shape === 'record' && <RecordFields schema={schema} value={value} path={path} />}
        {declared && shape === 'list' && <Items schema={schema} value={value} path={path} />}
        {declared && shape === 'map' && <Entries schema={schema} value={value} path={path} />}
        <div className="form-acts">
          {declared ? (
            !required && <button type="button" onClick={() => change(path, undefined)} aria-label={`${text.remove} ${name}`}>{text.remove}</button>
          ) : (
            <button type="button" onClick={() => { change(path, beginning(root, schema)); setOpen(true); }} aria-label={`${text.declare} ${name}`}>{text.declare}</button>
          )}
        </div>
      </div>
    </details>
  );
}

function Count({ of, shape }: { of: Json; shape: Shape }) {
  const count = shape === 'list' ? (of as readonly Json[]).length : shape === 'map' ? Object.keys(of as object).length : undefined;
  return count === undefined ? null : <span className="count">{count}</span>;
}

/** A list of values: each can be moved, because the order often counts. */
function Items({ schema, value, path }: PartProps) {
  const text = useText().policies;
  const { root, change } = useContext(Form)!;
  const items = Array.isArray(value) ? (value as readonly Json[]) : [];
  const item = resolve(root, schema.items ?? {});
  const move = (from: number, to: number) => {
    const next = [...items];
    next.splice(to, 0, ...next.splice(from, 1));
    change(path, next);
  };
  return (
    <>
      {items.map((one, index) => (
        <fieldset key={index} className="form-item">
          <legend>{text.entry(index + 1)}</legend>
          <Value schema={item} value={one} path={[...path, String(index)]} label={text.entry(index + 1)} />
          <div className="form-acts">
            <button type="button" disabled={index === 0} onClick={() => move(index, index - 1)}>{text.up}</button>
            <button type="button" disabled={index === items.length - 1} onClick={() => move(index, index + 1)}>{text.down}</button>
            <button type="button" onClick={() => change([...path, String(index)], undefined)} aria-label={`${text.remove} ${text.entry(index + 1)}`}>{text.remove}</button>
          </div>
        </fieldset>
      ))}
      <div className="form-acts">
        <button type="button" onClick={() => change(path, [...items, beginning(root, item)])} aria-label={`${text.add} ${path.at(-1)}`}>{text.add}</button>
      </div>
    </>
  );
}

/** Values by names that the user chooses. */
function Entries({ schema, value, path }: PartProps) {
  const text = useText().policies;
  const { root, change } = useContext(Form)!;
  const [name, setName] = useState('');
  const entries = Object.entries(isObject(value) ? value : {});
  const item = resolve(root, schema.additionalProperties as Schema);
  const add = () => {
    if (!name.trim() || entries.some(([known]) => known === name.trim())) return;
    change([...path, name.trim()], beginning(root, item));
    setName('');
  };
  return (
    <>
      {entries.map(([key, one]) => (
        <div key={key} className="form-entry">
          {isLarge(shapeOf(root, item)) ? <strong>{key}</strong> : null}
          <Value schema={item} value={one} path={[...path, key]} label={key} />
          <button type="button" onClick={() => change([...path, key], undefined)} aria-label={`${text.remove} ${key}`}>{text.remove}</button>
        </div>
      ))}
      <div className="form-acts">
        <input aria-label={`${text.name}: ${path.at(-1)}`} placeholder={text.name} value={name} onChange={(event) => setName(event.target.value)} />
        <button type="button" disabled={!name.trim()} onClick={add} aria-label={`${text.add} ${path.at(-1)}`}>{text.add}</button>
      </div>
    </>
  );
}

/** A value without a name of its own: a list's item or a map's. */
function Value({ schema, value, path, label }: PartProps & { label: string }) {
  const { root } = useContext(Form)!;
  const shape = shapeOf(root, schema);
  if (shape === 'record') return <RecordFields schema={schema} value={value} path={path} />;
  if (shape === 'list') return <Items schema={schema} value={value} path={path} />;
  if (shape === 'map') return <Entries schema={schema} value={value} path={path} />;
  return <Line name={label} schema={schema} shape={shape} value={value} path={path} />;
}

/** One value in one line, with what it means and what is wrong with it. */
function Line({ name, schema, shape, value, path, required }: NamedProps) {
  const text = useText().policies;
  const { explain, problems } = useContext(Form)!;
  const id = useId();
  const wrong = problems.has(keyOf(path));
  const meaning = meaningOf(schema, path, useText().sight.keys);
  const input = <Input id={id} schema={schema} shape={shape} value={value} path={path} wrong={wrong} />;
  return (
    <div className={`form-line shape-${shape}${wrong ? ' is-wrong' : ''}`}>
      <label htmlFor={id} title={meaning}>
        {name}
        {required && <span className="quiet" title={text.required}> *</span>}
      </label>
      {input}
      {explain && meaning && <p id={`${id}-doc`} className="quiet form-doc">{meaning}</p>}
      <Problems path={path} id={`${id}-wrong`} />
    </div>
  );
}

function Problems({ path, id }: { path: readonly string[]; id?: string }): ReactNode {
  const { problems } = useContext(Form)!;
  const own = problems.get(keyOf(path));
  if (!own) return null;
  return (
    <ul className="form-wrong" id={id}>
      {own.map((one) => <li key={one.what}>{one.what}{one.remedy && <span className="remedy">{one.remedy}</span>}</li>)}
    </ul>
  );
}

function Input({ id, schema, shape, value, path, wrong }: { id: string; schema: Schema; shape: Shape; value: Json | undefined; path: readonly string[]; wrong: boolean }) {
  const text = useText().policies;
  const { change } = useContext(Form)!;
  const fallback = schema.default === undefined || schema.default === '' || (Array.isArray(schema.default) && schema.default.length === 0) ? undefined : text.byDefault(String(schema.default));
  const common = { id, 'aria-invalid': wrong || undefined, 'aria-describedby': wrong ? `${id}-wrong` : undefined };
  switch (shape) {
    case 'flag':
      return <input {...common} type="checkbox" checked={value === true || (value === undefined && schema.default === true)} onChange={(event) => change(path, event.target.checked === (schema.default ?? false) ? undefined : event.target.checked)} />;
    case 'choice':
      return (
        <select {...common} value={typeof value === 'string' ? value : ''} onChange={(event) => change(path, event.target.value || undefined)}>
          <option value="">{fallback ?? text.notDeclared}</option>
          {schema.enum!.map((one) => <option key={one}>{one}</option>)}
        </select>
      );
    case 'lines': {
      const lines = Array.isArray(value) ? (value as readonly string[]) : [];
      return <textarea {...common} rows={Math.max(2, lines.length + 1)} placeholder={fallback ?? text.perLine} value={lines.join('\n')} onChange={(event) => change(path, event.target.value === '' ? undefined : event.target.value.split('\n'))} />;
    }
    case 'number':
      return <input {...common} inputMode="numeric" placeholder={fallback} value={value === undefined ? '' : String(value)} onChange={(event) => change(path, numberOf(event.target.value))} />;
    case 'free':
      return <FreeInput common={common} value={value} path={path} />;
    default:
      return <input {...common} spellCheck={false} placeholder={fallback} value={typeof value === 'string' ? value : ''} onChange={(event) => change(path, event.target.value === '' ? undefined : event.target.value)} />;
  }
}

/** What is not a number stays as it was typed, so that it can be corrected. */
function numberOf(typed: string): Json | undefined {
  if (typed.trim() === '') return undefined;
  const number = Number(typed);
  return Number.isFinite(number) ? number : typed;
}

function FreeInput({ common, value, path }: { common: object; value: Json | undefined; path: readonly string[] }) {
  const text = useText().policies;
  const { change } = useContext(Form)!;
  const [typed, setTyped] = useState(() => (value === undefined ? '' : typeof value === 'string' ? value : JSON.stringify(value, null, 2)));
  return (
    <textarea
      {...common}
      rows={Math.min(12, typed.split('\n').length + 1)}
      placeholder={text.free}
      value={typed}
      onChange={(event) => {
        setTyped(event.target.value);
        change(path, event.target.value === '' ? undefined : jsonOrText(event.target.value));
      }}
    />
  );
}

function jsonOrText(typed: string): Json {
  try {
    return JSON.parse(typed) as Json;
  } catch {
    return typed;
  }
}
