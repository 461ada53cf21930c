import type { Criticality } from '../api/shapes';
import type { Tone } from '../domain/tone';

/** The shape of a tone: disc with a tick, open ring, triangle, octagon with a cross, dash. */
export function ToneGlyph({ tone, size = 14, title }: { tone: Tone; size?: number; title?: string }) {
  return (
    <svg className={`glyph tone-${tone}`} width={size} height={size} viewBox="0 0 16 16" {...(title ? { role: 'img', 'aria-label': title } : { 'aria-hidden': true })}>
      {title && <title>{title}</title>}
      {shapes[tone]}
    </svg>
  );
}

const shapes: Record<Tone, React.ReactNode> = {
  ok: (
    <>
      <circle cx="8" cy="8" r="7" className="fill" />
      <path d="m4.6 8.3 2.3 2.3 4.5-5" className="cut" />
    </>
  ),
  busy: (
    <>
      <circle cx="8" cy="8" r="5.8" className="track" />
      <path d="M8 2.2a5.8 5.8 0 0 1 5.8 5.8" className="line turn" />
    </>
  ),
  warn: (
    <>
      <path d="M8 1.2 15.4 14.6H.6Z" className="fill" />
      <path d="M8 5.6v4.2M8 12.1v.3" className="cut" />
    </>
  ),
  bad: (
    <>
      <path d="M5 .8h6L15.2 5v6L11 15.2H5L.8 11V5Z" className="fill" />
      <path d="m5.3 5.3 5.4 5.4m0-5.4-5.4 5.4" className="cut" />
    </>
  ),
  idle: (
    <>
      <circle cx="8" cy="8" r="6" className="line thin" />
      <path d="M5.4 8h5.2" className="line thin" />
    </>
  ),
};

const levels: readonly Criticality[] = ['low', 'medium', 'high', 'critical'];

/** One to four rising bars. */
export function CriticalityBars({ criticality }: { criticality: Criticality }) {
  const level = levels.indexOf(criticality);
  return (
    <svg className="bars" width="15" height="11" viewBox="0 0 15 11" aria-hidden="true">
      {levels.map((name, i) => (
        <rect key={name} x={i * 4} y={8 - i * 2.4} width="2.8" height={3 + i * 2.4} rx=".6" className={i <= level ? 'on' : 'off'} />
      ))}
    </svg>
  );
}

const icons = {
  search: 'M7 12.5A5.5 5.5 0 1 0 7 1.5a5.5 5.5 0 0 0 0 11Zm4-1.5 3.6 3.6',
  sun: 'M8 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6ZM8 .8v1.6M8 13.6v1.6M2.9 2.9 4 4M12 12l1.1 1.1M.8 8h1.6M13.6 8h1.6M2.9 13.1 4 12M12 4l1.1-1.1',
  moon: 'M13.6 9.8A6 6 0 0 1 6.2 2.4a6 6 0 1 0 7.4 7.4Z',
  auto: 'M8 14.2A6.2 6.2 0 1 0 8 1.8a6.2 6.2 0 0 0 0 12.4ZM8 2v12M10.5 3v10M13 5v6',
  help: 'M5.5 5.8A2.6 2.6 0 1 1 8 8.6v1.2M8 12.6v.2',
  plus: 'M8 2.5v11M2.5 8h11',
  minus: 'M2.5 8h11',
  fit: 'M2 6V2h4M10 2h4v4M14 10v4h-4M6 14H2v-4',
  close: 'm3.5 3.5 9 9m0-9-9 9',
  server: 'M2 2.5h12v4.5H2ZM2 9h12v4.5H2ZM4.5 4.8h.1M4.5 11.2h.1',
  gate: 'M2 14V5l6-3 6 3v9M6 14V8h4v6M1 14h14',
  arrow: 'M3 8h10m-4-4 4 4-4 4',
  pause: 'M5 3v10M11 3v10',
  play: 'M4.5 2.5 13 8l-8.5 5.5Z',
  down: 'M8 2.5v10m-4.5-4.5L8 12.5 12.5 8',
  external: 'M9 2h5v5M14 2 7.5 8.5M12 9.5V14H2V4h4.5',
} as const;

export function Icon({ name, size = 16 }: { name: keyof typeof icons; size?: number }) {
  return (
    <svg className="icon" width={size} height={size} viewBox="0 0 16 16" aria-hidden="true">
      <path d={icons[name]} />
    </svg>
  );
}

/** The mast and its stays. */
export function Mark() {
  return (
    <svg className="mark" width="22" height="22" viewBox="0 0 24 24" aria-hidden="true">
      <path d="M9 2.5v19M9 3.5 21 20.5M9 3.5 3 20.5M2 20.5h20" />
    </svg>
  );
}
