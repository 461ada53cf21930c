import { useStoreApi, ViewportPortal, type ReactFlowState } from '@xyflow/react';
import { memo, useEffect, useLayoutEffect, useMemo, useRef, useState, useSyncExternalStore } from 'react';
import { live } from '../api/live';
import type { Layout } from '../domain/layout';
import { drawnEdges } from '../domain/layoutFast';
import type { Topology } from '../domain/liveMap';
import { advance, cardsIn, coverOf, isOutgrown, type Cover, type DrawnCards, type Lie } from '../domain/sight';
import { looksOf, paint, strokesOf, type Colours } from '../domain/strokes';
import { badErrors } from '../domain/traffic';
import type { Closeness } from '../domain/view';
import { useNow } from './hooks';
import { EdgesOfActive } from './MapEdge';
import { MapCard } from './MapNode';
import { useScheme } from './settings';

/** Edges of a huge map that are drawn at a time: ten thousand of them would be a grey sheet. */
const mostDrawnEdges = 800;
const chooseEveryMs = 10_000;

/** What came to rest is drawn sharp after this long; while it moves, what was outgrown is drawn no more often than so. */
const restMs = 120;
const redrawMs = 100;

/** Cards that come, go or say more in one frame. */
const mostPerFrame = 24;

/** A canvas holds at most so many pixels; larger, it is drawn coarser. */
const mostPixels = 12_000_000;

interface Drawn extends Layout {
  topology: Topology;
}

/**
 * A map of hundreds of services: its lines are one picture and its cards are there only around what is seen. Both are pushed about with the map, and drawn
 * anew when they were outgrown or the map rests.
 */
export const HugeMap = memo(function HugeMap({ layout, closenessAt }: { layout: Drawn; closenessAt: (zoom: number) => Closeness }) {
  const { cover, rests } = useCover(layout);
  return (
    <ViewportPortal>
      {cover && <Lines layout={layout} cover={cover} rests={rests} />}
      <EdgesOfActive graph={layout.topology.graph} layout={layout} />
      {cover && <Cards layout={layout} cover={cover} detail={closenessAt(cover.zoom)} />}
    </ViewportPortal>
  );
});

const lieOf = ({ transform: [x, y, zoom] }: ReactFlowState): Lie => ({ x, y, zoom });

/** What is to be drawn, which changes when the map was moved out of it and once it rests; and whether it rests. */
function useCover(layout: Layout): { cover: Cover | undefined; rests: boolean } {
  const store = useStoreApi();
  const [cover, setCover] = useState<Cover>();
  const [rests, setRests] = useState(true);
  useEffect(() => {
    let [last, drawn, redraws, rest] = ['', undefined as Cover | undefined, 0, 0];
    const draw = () => {
      clearTimeout(redraws);
      redraws = 0;
      const state = store.getState();
      if (state.width > 0 && state.height > 0) setCover((drawn = coverOf(lieOf(state), state, layout.size)));
    };
    // A map that is held still, or moved by a slow machine, does not rest yet: drawing it would make it slower.
    const settle = () => {
      if (store.getState().domNode?.closest('[data-moving]')) {
        rest = window.setTimeout(settle, restMs);
        return;
      }

      draw();
      setRests(true);
    };
    const look = () => {
      const state = store.getState();
      const lie = `${state.transform.join(' ')} ${state.width} ${state.height}`;
      if (lie === last) return;
      last = lie;
      clearTimeout(rest);
      setRests(false);
      if (!drawn) draw();
      else if (redraws === 0 && isOutgrown(drawn, lieOf(state), state, layout.size)) redraws = window.setTimeout(draw, redrawMs);
      rest = window.setTimeout(settle, restMs);
    };
    look();
    const stop = store.subscribe(look);
    return () => {
      stop();
      clearTimeout(rest);
      clearTimeout(redraws);
    };
  }, [store, layout]);
  return { cover, rests };
}

const placeOf = ({ box: { x, y, width, height } }: Cover): React.CSSProperties => ({ left: x, top: y, width, height });

/** The lines as one picture; while it moves, none of them changes. */
const Lines = memo(function Lines({ layout, cover, rests }: { layout: Drawn; cover: Cover; rests: boolean }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const round = Math.floor(useNow(chooseEveryMs) / chooseEveryMs);
  const known = useSyncExternalStore(live.map.tick.subscribe, () => live.map.tick.get() > 0);
  const strokes = useMemo(
    () => strokesOf(drawnEdges(live.map.edges.all(), mostDrawnEdges, badErrors), layout).map((stroke) => ({ ...stroke, line: new Path2D(stroke.path) })),
    [layout, round, known],
  );
  const looks = useSyncExternalStore(live.map.tick.subscribe, () => looksOf(strokes, (key) => live.map.edges.get(key)));
  const scheme = useScheme();
  const shown = useRef({ strokes, looks });
  if (rests || shown.current.strokes.length === 0) shown.current = { strokes, looks };
  const { current } = shown;
  useLayoutEffect(() => {
    const { box, zoom } = cover;
    const drawn = canvas.current!;
    const scale = zoom * Math.min(devicePixelRatio, Math.sqrt(mostPixels / (box.width * box.height * zoom * zoom)));
    // Given a size anew, a canvas is empty.
    drawn.width = Math.max(1, Math.round(box.width * scale));
    drawn.height = Math.max(1, Math.round(box.height * scale));
    const context = drawn.getContext('2d')!;
    context.setTransform(scale, 0, 0, scale, -box.x * scale, -box.y * scale);
    paint(context, current.strokes, current.looks, box, zoom, coloursOf(drawn), rests);
    // When it comes to rest there is a new cover: whether it rests is no reason of its own.
  }, [cover, current.strokes, current.looks, scheme]);
  return <canvas ref={canvas} className="map-lines" style={placeOf(cover)} data-edges={current.strokes.length} aria-hidden="true" />;
});

/** What the style sheet says the colours are. */
function coloursOf(of: HTMLElement): Colours {
  const style = getComputedStyle(of);
  return { flow: style.getPropertyValue('--flow'), warn: style.getPropertyValue('--warn'), bad: style.getPropertyValue('--bad') };
}

/** The cards around what is seen, a few more in each frame until all are there. */
const Cards = memo(function Cards({ layout, cover, detail }: { layout: Drawn; cover: Cover; detail: Closeness }) {
  const [drawn, setDrawn] = useState<DrawnCards>(() => new Map());
  const now = useRef(drawn);
  useEffect(() => {
    let frame = 0;
    const wanted = cardsIn(layout.positions, cover.box);
    const go = () => {
      const next = advance(now.current, wanted, detail, now.current.size === 0 ? wanted.length : mostPerFrame);
      if (next === now.current) return;
      setDrawn((now.current = next));
      frame = requestAnimationFrame(go);
    };
    go();
    return () => cancelAnimationFrame(frame);
  }, [layout, cover, detail]);
  return [...drawn].map(([id, closeness]) => {
    const at = layout.positions.get(id);
    return at && <Placed key={id} id={id} x={at.x} y={at.y} closeness={closeness} />;
  });
});

const Placed = memo(function Placed({ id, x, y, closeness }: { id: string; x: number; y: number; closeness: Closeness }) {
  return (
    <div className="placed" data-closeness={closeness} style={{ left: x, top: y }}>
      <MapCard id={id} detail={closeness} />
    </div>
  );
});
