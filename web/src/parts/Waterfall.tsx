import { memo, useCallback, useEffect, useId, useMemo, useRef, useState } from 'react';
import type { TraceSpan, TraceView } from '../api/observeShapes';
import { countBelow, hasChildren, inSight, press, shareOf, span as duration, ticks, visible } from '../domain/waterfall';
import { useText } from './settings';

const rowHeight = 26;
const mostIndent = 14;

interface WaterfallProps {
  of: TraceView;
  colours: ReadonlyMap<string, number>;
  /** Place among the spans. */
  selected: number;
  onSelect: (at: number) => void;
}

/**
 * Spans below each other on one time axis. Only the rows in sight are in the document, so that thousands stay fluid; the list keeps the focus and names the
 * active row, so that keys and screen readers have all of them.
 */
export function Waterfall({ of, colours, selected, onSelect }: WaterfallProps) {
  const text = useText().observe;
  const base = useId();
  const frame = useRef<HTMLDivElement>(null);
  const [folded, setFolded] = useState<ReadonlySet<string>>(() => new Set());
  const [zoom, setZoom] = useState<{ from: number; to: number }>();
  const [sight, setSight] = useState({ top: 0, height: 520 });
  const [from, to] = zoom ? [zoom.from, zoom.to] : [0, of.durationMs];
  const shown = useMemo(() => visible(of.spans, folded), [of.spans, folded]);
  const rows = inSight(sight.top, sight.height, rowHeight, shown.length);
  const at = shown.indexOf(selected);

  useEffect(() => {
    const element = frame.current!;
    const look = () => setSight({ top: element.scrollTop, height: element.clientHeight });
    look();
    const observer = new ResizeObserver(look);
    observer.observe(element);
    element.addEventListener('scroll', look, { passive: true });
    return () => {
      observer.disconnect();
      element.removeEventListener('scroll', look);
    };
  }, []);

  useEffect(() => {
    const element = frame.current!;
    if (at < 0) return;
    const top = at * rowHeight;
    if (top < element.scrollTop) element.scrollTop = top;
    else if (top + rowHeight > element.scrollTop + element.clientHeight) element.scrollTop = top + rowHeight - element.clientHeight;
  }, [at]);

  const zoomTo = (one: TraceSpan) => setZoom({ from: one.startMs, to: one.startMs + Math.max(one.durationMs, of.durationMs / 1e4) });
  const toggle = useCallback(
    (id: string) =>
      setFolded((last) => {
        const next = new Set(last);
        if (!next.delete(id)) next.add(id);
        return next;
      }),
    [],
  );
  const onKey = (event: React.KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (key === 'z') zoomTo(of.spans[selected]!);
    else if (key === '0') setZoom(undefined);
    else {
      const next = press(key, of.spans, { at: selected, folded });
      if (!next) return;
      setFolded(next.folded);
      onSelect(next.at);
    }
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <section className="waterfall" aria-label={text.waterfall} data-testid="waterfall">
      <div className="waterfall-head">
        <span className="quiet">{text.waterfallHint}</span>
        {zoom && <button type="button" onClick={() => setZoom(undefined)}>{text.whole}</button>}
        <button type="button" onClick={() => zoomTo(of.spans[selected]!)}>{text.zoom}</button>
      </div>
      <div className="axis" aria-hidden="true">
        {ticks(from, to, 6).map((tick) => <span key={tick} style={{ left: `${shareOf(tick, from, to) * 100}%` }}>{duration(tick)}</span>)}
      </div>
      <div ref={frame} className="rows" role="tree" tabIndex={0} aria-label={text.waterfall} aria-activedescendant={at >= 0 ? `${base}-${selected}` : undefined} onKeyDown={onKey}>
        <div className="rows-all" role="presentation" style={{ height: shown.length * rowHeight }}>
          {shown.slice(rows.from, rows.to).map((index, row) => (
            <Row
              key={of.spans[index]!.id + index}
              id={`${base}-${index}`}
              spans={of.spans}
              index={index}
              top={(rows.from + row) * rowHeight}
              from={from}
              to={to}
              hue={colours.get(of.spans[index]!.service) ?? 0}
              selected={index === selected}
              folded={folded.has(of.spans[index]!.id)}
              onSelect={onSelect}
              onToggle={toggle}
            />
          ))}
        </div>
      </div>
    </section>
  );
}

interface RowProps {
  id: string;
  spans: readonly TraceSpan[];
  index: number;
  top: number;
  from: number;
  to: number;
  hue: number;
  selected: boolean;
  folded: boolean;
  onSelect: (at: number) => void;
  onToggle: (id: string) => void;
}

const Row = memo(function Row({ id, spans, index, top, from, to, hue, selected, folded, onSelect, onToggle }: RowProps) {
  const text = useText().observe;
  const one = spans[index]!;
  const parent = hasChildren(spans, index);
  const [left, right] = [shareOf(one.startMs, from, to), shareOf(one.startMs + one.durationMs, from, to)];
  const words = `, ${duration(one.durationMs)}, ${text.selfTime} ${duration(one.selfMs)}${one.critical ? `, ${text.critical}` : ''}${one.error ? `, ${text.outcomes.failed}` : ''}`;
  return (
    <div
      id={id}
      role="treeitem"
      className={`row${selected ? ' is-selected' : ''}${one.critical ? ' is-critical' : ''}${one.error ? ' is-bad' : ''}`}
      style={{ transform: `translateY(${top}px)` }}
      aria-level={one.depth + 1}
      aria-selected={selected}
      {...(parent && { 'aria-expanded': !folded })}
      onClick={() => onSelect(index)}
    >
      <span className="row-name" style={{ paddingLeft: Math.min(one.depth, mostIndent) * 12 + 4 }}>
        {parent ? (
          <span className="twist" aria-hidden="true" title={folded ? text.expand : text.fold} onClick={(event) => { event.stopPropagation(); onToggle(one.id); }}>{folded ? '▸' : '▾'}</span>
        ) : (
          <span className="twist" aria-hidden="true" />
        )}
        <b>{one.service}</b> {one.name}
        <span className="unseen">{words}</span>
        {folded && <span className="count" aria-hidden="true">{text.below(countBelow(spans, index))}</span>}
      </span>
      <span className="row-time" aria-hidden="true">
        <i className={`hue-${hue}`} style={{ left: `${left * 100}%`, width: `${(right - left) * 100}%` }} />
        <small style={{ left: `${right * 100}%` }}>{duration(one.durationMs)}</small>
      </span>
    </div>
  );
});
