import { useState } from 'react';
import { api } from '../api/client';
import type { ServiceStatus } from '../api/shapes';
import { Confirm } from './Confirm';
import { useText } from './settings';

/** The highest number that a manifest can declare. */
const mostInstances = 1000;

/** Scale and restart, each asked for once more before it happens. */
export function ServiceActions({ service }: { service: ServiceStatus }) {
  const text = useText().service;
  const [open, setOpen] = useState<'scale' | 'restart'>();
  const [done, setDone] = useState('');
  const close = (message?: string) => {
    setOpen(undefined);
    if (message) setDone(message);
  };
  return (
    <div className="actions">
      <output className="quiet" data-testid="done">{done}</output>
      <button type="button" onClick={() => setOpen('scale')}>{text.scale}</button>
      <button type="button" onClick={() => setOpen('restart')}>{text.restart}</button>
      {open === 'scale' && <ScaleDialog service={service} onClose={close} />}
      {open === 'restart' && (
        <Confirm title={text.restartTitle(service.name)} action={text.restartDo} act={() => api.restart(service.name)} onClose={(did) => close(did ? text.restarted(service.name) : undefined)}>
          <p>{text.restartHint}</p>
        </Confirm>
      )}
    </div>
  );
}

function ScaleDialog({ service, onClose }: { service: ServiceStatus; onClose: (message?: string) => void }) {
  const text = useText().service;
  const [count, setCount] = useState(service.wanted);
  return (
    <Confirm
      title={text.scaleTitle(service.name)}
      action={text.scaleDo(count)}
      act={() => api.scale(service.name, count)}
      onClose={(did) => onClose(did ? text.scaled(service.name, count) : undefined)}
    >
      <label className="field">
        {text.scaleLabel}
        <input type="number" min={0} max={mostInstances} required value={count} autoFocus onChange={(event) => setCount(Math.trunc(event.target.valueAsNumber || 0))} />
      </label>
      <p className="quiet">{text.scaleHint(service.wanted)}</p>
    </Confirm>
  );
}
