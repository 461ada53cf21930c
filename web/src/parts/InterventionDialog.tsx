import { useId, useState } from 'react';
import { api } from '../api/client';
import type { InterventionWish } from '../api/trafficShapes';
import { Confirm } from './Confirm';
import { useText } from './settings';

type Act = 'breakerOpen' | 'breakerClosed' | 'degrade' | 'limitsOff' | 'limitsDryRun' | 'limitsOn' | 'admit' | 'ban' | 'delay' | 'abort' | 'reset';

/** What an act needs besides: an example of its value, or nothing. */
const values: Partial<Record<Act, string>> = { degrade: 'stale', admit: '256', ban: '10.1.2.3', delay: '2s', abort: '503' };
const acts: readonly Act[] = ['breakerOpen', 'breakerClosed', 'degrade', 'limitsOff', 'limitsDryRun', 'limitsOn', 'admit', 'ban', 'delay', 'abort', 'reset'];

/** Asks what is to be done to which way, for how long and why. */
export function InterventionDialog({ subjects, about, onClose }: { subjects: readonly string[]; about: string | undefined; onClose: () => void }) {
  const text = useText().traffic;
  const list = useId();
  const [subject, setSubject] = useState(about ?? subjects[0] ?? '');
  const [act, setAct] = useState<Act>('breakerOpen');
  const [value, setValue] = useState('');
  const [percent, setPercent] = useState('100%');
  const [span, setSpan] = useState('10m');
  const [reason, setReason] = useState('');
  const isFault = act === 'delay' || act === 'abort' || act === 'reset';
  const wish = (): InterventionWish => ({ about: subject, reason, for: span, ...actOf(act, value, percent) });
  return (
    <Confirm title={text.interveneTitle} action={text.interveneDo} act={async () => void (await api.intervene(wish()))} onClose={onClose}>
      <label className="field">
        {text.about}
        <input list={list} required value={subject} onChange={(event) => setSubject(event.target.value)} />
        <datalist id={list}>{subjects.map((name) => <option key={name} value={name} />)}</datalist>
      </label>
      <label className="field">
        {text.act}
        <select value={act} onChange={(event) => { setAct(event.target.value as Act); setValue(''); }}>
          {acts.map((name) => <option key={name} value={name}>{text.acts[name]}</option>)}
        </select>
      </label>
      {values[act] !== undefined && (
        <label className="field">
          {text.value}
          <input required value={value} placeholder={values[act]} onChange={(event) => setValue(event.target.value)} />
        </label>
      )}
      {isFault && (
        <label className="field">
          {text.percent}
          <input required pattern="[0-9]+(\.[0-9]+)?%" value={percent} onChange={(event) => setPercent(event.target.value)} />
        </label>
      )}
      <label className="field">
        {text.span}
        <input required value={span} onChange={(event) => setSpan(event.target.value)} />
      </label>
      <label className="field">
        {text.because}
        <input required maxLength={500} autoFocus value={reason} onChange={(event) => setReason(event.target.value)} />
      </label>
      <p className="quiet">{text.interveneHint}</p>
    </Confirm>
  );
}

function actOf(act: Act, value: string, percent: string): Partial<InterventionWish> {
  switch (act) {
    case 'breakerOpen':
      return { breaker: 'open' };
    case 'breakerClosed':
      return { breaker: 'closed' };
    case 'limitsOff':
      return { limits: 'off' };
    case 'limitsDryRun':
      return { limits: 'dryRun' };
    case 'limitsOn':
      return { limits: 'on' };
    case 'degrade':
      return { degrade: value };
    case 'admit':
      return { admit: Number(value) };
    case 'ban':
      return { ban: value };
    case 'delay':
      return { fault: { delay: value, percent } };
    case 'abort':
      return { fault: { abort: Number(value), percent } };
    case 'reset':
      return { fault: { reset: true, percent } };
  }
}
