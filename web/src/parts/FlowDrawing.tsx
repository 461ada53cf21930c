import type { FlowRow, FlowRunView } from '../api/flowShapes';
import { drawn, helpFor, stageTone, type Drawn } from '../domain/flows';
import { Badge } from './Badges';
import { useText } from './settings';

interface FlowDrawingProps {
  of: FlowRunView;
  now: number;
  onHelp: (row: FlowRow, verb: 'approve' | 'resolve', done: boolean) => void;
}

/** The steps of a run below each other on one axis of time, with tries, answers, and what was taken back. */
export function FlowDrawing({ of, now, onHelp }: FlowDrawingProps) {
  const text = useText().flows;
  const { steps, spanMs } = drawn(of.run, of.steps, now);
  return (
    <div className="flow-drawing" role="table" aria-label={text.steps} data-testid="flow-drawing">
      {steps.map((step) => <Step key={step.row.path} of={step} spanMs={spanMs} onHelp={onHelp} />)}
    </div>
  );
}

function Step({ of: { row, from, to, depth, name, undoes }, spanMs, onHelp }: { of: Drawn; spanMs: number; onHelp: FlowDrawingProps['onHelp'] }) {
  const text = useText().flows;
  const help = helpFor(row);
  const says = [
    row.attempt > 1 && text.tries(row.attempt),
    row.status > 0 && text.status(row.status),
    row.unknown && text.unknown,
    row.why,
  ].filter(Boolean).join(' · ');
  const ms = (to - from) * spanMs;
  return (
    <div className="flow-step" role="row">
      <div role="rowheader" className="flow-name" style={{ paddingInlineStart: `${depth * 14}px` }}>
        {undoes && <span aria-label={text.undoes} title={text.undoes}>↩ </span>}{name.replace(/!(undo|cancel)$/, '')}
      </div>
      <div role="cell"><Badge tone={stageTone(row.stage)} words={text.stage[row.stage]} /></div>
      <div role="cell" className="flow-lane">
        <span className={`flow-bar tone-${undoes ? 'warn' : stageTone(row.stage)}`} style={{ left: `${from * 100}%`, width: `max(3px, ${(to - from) * 100}%)` }} />
        <span className="flow-ms">{ms < 1000 ? `${ms.toFixed(0)} ms` : `${(ms / 1000).toFixed(1)} s`}</span>
      </div>
      <div role="cell" className="flow-says">
        {says}
        {help && (
          <span className="actions">
            <button type="button" onClick={() => onHelp(row, help, true)}>{help === 'approve' ? text.approve : text.done}</button>
            <button type="button" onClick={() => onHelp(row, help, false)}>{help === 'approve' ? text.reject : text.notDone}</button>
          </span>
        )}
      </div>
    </div>
  );
}
