import { noFilter, type Filter } from './filter';
import type { Overlay } from './overlay';
import { Cell } from './store';

/** How close the map is seen: cards can be read, their names can, or nothing but their shape and colour. */
export type Closeness = 'near' | 'mid' | 'far';

/** What the user looks at on the map; watched piece by piece. */
export class MapView {
  readonly selected = new Cell<string | undefined>(undefined);
  readonly hovered = new Cell<string | undefined>(undefined);
  readonly filter = new Cell<Filter>(noFilter);
  readonly overlay = new Cell<Overlay | undefined>(undefined);
  /** The card that is to have the focus as soon as it is drawn. */
  awaited: string | undefined;

  /** The node whose edges stand out. */
  active(): string | undefined {
    return this.hovered.get() ?? this.selected.get();
  }

  readonly onActive = (listener: () => void): (() => void) => {
    const stops = [this.hovered.subscribe(listener), this.selected.subscribe(listener)];
    return () => stops.forEach((stop) => stop());
  };
}
