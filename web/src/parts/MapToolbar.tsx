import { useEffect, useRef } from 'react';
import { live } from '../api/live';
import type { Criticality } from '../api/shapes';
import { isActive, noFilter, ranked, toggled } from '../domain/filter';
import { overlays, type Overlay } from '../domain/overlay';
import { tones } from '../domain/tone';
import { CriticalityBars, Icon, ToneGlyph } from './glyphs';
import { useCell } from './hooks';
import { useView } from './MapNode';
import { useText } from './settings';

const criticalities: readonly Criticality[] = ['critical', 'high', 'medium', 'low'];

interface Props {
  table: boolean;
  onTable: (table: boolean) => void;
  onReveal: (id: string) => void;
  /** Whether the slider of time is there. */
  travels: boolean;
  onTravels: (on: boolean) => void;
}

/** Search, filters by state and criticality, and the choice between map and table. */
export function MapToolbar({ table, onTable, onReveal, travels, onTravels }: Props) {
  const text = useText();
  const view = useView();
  const filter = useCell(view.filter);
  const overlay = useCell(view.overlay);
  const counts = useCell(live.map.counts);
  return (
    <div className="toolbar">
      <Search onReveal={onReveal} />
      <div className="chips" role="group" aria-label={text.map.byState}>
        {tones.map((tone) => (
          <button
            key={tone}
            type="button"
            className={`chip tone-${tone}`}
            aria-pressed={filter.tones.includes(tone)}
            disabled={counts[tone] === 0 && !filter.tones.includes(tone)}
            onClick={() => view.filter.set({ ...filter, tones: toggled(filter.tones, tone) })}
          >
            <ToneGlyph tone={tone} />
            <b>{counts[tone]}</b> <span>{text.tone[tone]}</span>
          </button>
        ))}
      </div>
      <div className="chips" role="group" aria-label={text.map.byCriticality}>
        {criticalities.map((criticality) => (
          <button
            key={criticality}
            type="button"
            className="chip"
            aria-pressed={filter.criticalities.includes(criticality)}
            onClick={() => view.filter.set({ ...filter, criticalities: toggled(filter.criticalities, criticality) })}
          >
            <CriticalityBars criticality={criticality} /> <span>{text.criticality[criticality]}</span>
          </button>
        ))}
      </div>
      {isActive(filter) && (
        <button type="button" className="chip clear" onClick={() => view.filter.set(noFilter)}>
          <Icon name="close" size={12} /> {text.map.clear}
        </button>
      )}
      <label className="check overlay-choice">
        {text.map.overlay}
        <select value={overlay ?? ''} onChange={(event) => view.overlay.set((event.target.value || undefined) as Overlay | undefined)}>
          <option value="">{text.map.noOverlay}</option>
          {overlays.map((one) => <option key={one} value={one}>{text.map.overlays[one]}</option>)}
        </select>
      </label>
      <button type="button" className="chip" aria-pressed={travels} onClick={() => onTravels(!travels)} data-testid="travels">{text.sight.travel}</button>
      <div className="switch" role="group" aria-label={text.map.view}>
        <button type="button" aria-pressed={!table} onClick={() => onTable(false)}>
          {text.map.asMap}
        </button>
        <button type="button" aria-pressed={table} onClick={() => onTable(true)}>
          {text.map.asTable}
        </button>
      </div>
    </div>
  );
}

function Search({ onReveal }: { onReveal: (id: string) => void }) {
  const text = useText();
  const view = useView();
  const filter = useCell(view.filter);
  useCell(live.map.tick);
  const input = useRef<HTMLInputElement>(null);
  const turn = useRef(0);
  useEffect(() => {
    turn.current = 0;
  }, [filter]);

  const all = [...live.map.nodes.all()];
  const found = isActive(filter) ? ranked(filter, all) : all;
  const onKeyDown = (event: React.KeyboardEvent) => {
    if (event.key === 'Enter' && filter.text.trim() !== '' && found.length > 0) {
      // Enter again goes on to the next; the focus stays here so that it can.
      onReveal(found[turn.current++ % found.length]!.id);
      if (found.length > 1) requestAnimationFrame(() => input.current?.focus());
    } else if (event.key === 'Escape') {
      view.filter.set({ ...filter, text: '' });
      input.current?.blur();
    }
  };
  return (
    <div className="search">
      <Icon name="search" size={14} />
      <input
        ref={input}
        type="search"
        data-search
        placeholder={`${text.map.search}  /`}
        aria-label={text.map.search}
        value={filter.text}
        onChange={(event) => view.filter.set({ ...filter, text: event.target.value })}
        onKeyDown={onKeyDown}
      />
      {isActive(filter) && (
        <output className="quiet" data-testid="matches">
          {found.length === 0 ? text.map.noMatch : text.map.matches(found.length, all.length)}
        </output>
      )}
    </div>
  );
}
