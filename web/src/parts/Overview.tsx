import { Panel, useReactFlow, useStoreApi } from '@xyflow/react';
import { useEffect, useLayoutEffect, useRef, useSyncExternalStore } from 'react';
import { live } from '../api/live';
import { card, type Layout } from '../domain/layout';
import { sightOf } from '../domain/sight';
import { toneOf, tones } from '../domain/tone';
import { useScheme } from './settings';

const most = { width: 200, height: 150 };

/** The whole of a huge map as one small picture, with a frame around what is seen; dragging the frame moves the map. */
export function Overview({ layout }: { layout: Layout }) {
  const flow = useReactFlow();
  const store = useStoreApi();
  const canvas = useRef<HTMLCanvasElement>(null);
  const frame = useRef<HTMLDivElement>(null);
  const scale = Math.min(most.width / layout.size.width, most.height / layout.size.height);
  const size = { width: layout.size.width * scale, height: layout.size.height * scale };
  const seen = useSyncExternalStore(live.map.tick.subscribe, () => tonesOf(layout));
  const scheme = useScheme();

  useLayoutEffect(() => {
    const drawn = canvas.current!;
    drawn.width = Math.round(size.width * devicePixelRatio);
    drawn.height = Math.round(size.height * devicePixelRatio);
    const context = drawn.getContext('2d')!;
    context.scale(scale * devicePixelRatio, scale * devicePixelRatio);
    const style = getComputedStyle(drawn);
    const colours = tones.map((tone) => style.getPropertyValue(`--${tone}`));
    let index = 0;
    for (const { x, y } of layout.positions.values()) {
      context.fillStyle = colours[Number(seen[index++])] ?? colours.at(-1)!;
      context.fillRect(x, y, card.width, card.height);
    }
  }, [layout, seen, scheme]);

  useEffect(() => {
    const put = () => {
      const { transform: [x, y, zoom], width, height } = store.getState();
      const sight = sightOf({ x, y, zoom }, { width, height });
      const style = frame.current!.style;
      style.transform = `translate(${sight.x * scale}px, ${sight.y * scale}px)`;
      style.width = `${sight.width * scale}px`;
      style.height = `${sight.height * scale}px`;
    };
    put();
    return store.subscribe(put);
  }, [store, scale]);

  const moveTo = (event: React.PointerEvent<HTMLElement>) => {
    if (event.buttons % 2 === 0) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    const box = event.currentTarget.getBoundingClientRect();
    void flow.setCenter((event.clientX - box.left) / scale, (event.clientY - box.top) / scale, { zoom: flow.getZoom() });
  };
  return (
    <Panel position="bottom-right" className="minimap overview nopan nowheel" aria-hidden="true">
      <div style={size} onPointerDown={moveTo} onPointerMove={moveTo} onWheel={(event) => void (event.deltaY < 0 ? flow.zoomIn() : flow.zoomOut())}>
        <canvas ref={canvas} style={size} />
        <div ref={frame} className="overview-frame" />
      </div>
    </Panel>
  );
}

/** A digit for each card, in the order of the layout. */
function tonesOf(layout: Layout): string {
  let seen = '';
  for (const id of layout.positions.keys()) {
    const node = live.map.nodes.get(id);
    seen += node ? tones.indexOf(toneOf(node)) : tones.length - 1;
  }
  return seen;
}
