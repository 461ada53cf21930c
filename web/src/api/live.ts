import { worst, type Connection } from '../domain/connection';
import { LiveMap } from '../domain/liveMap';
import { Cell, Keyed } from '../domain/store';
import { api } from './client';
import type { ArchitectureHead, GatewayStatus, HostStatus, MapAnswer, ServiceStatus, Status } from './shapes';
import { Stream } from './stream';

type Feed = 'status' | 'map';

/** What the whole page shares: the live status, the live map while somebody looks at it, and how they stand. */
export class Live {
  readonly map = new LiveMap();
  readonly services = new Keyed<ServiceStatus>();
  readonly architecture = new Cell<ArchitectureHead | undefined>(undefined);
  readonly gateway = new Cell<GatewayStatus | undefined>(undefined);
  readonly hosts = new Cell<readonly HostStatus[]>([]);
  readonly connection = new Cell<Connection>({ state: 'connecting' });
  /** Names of the services whose state changed with the last update, for screen readers. */
  readonly changed = new Cell<readonly string[]>([]);

  private readonly standing = new Map<Feed, Connection>();
  private readonly streams = new Map<Feed, Stream>();

  start(): void {
    this.open<Status>('status', api.status, (status) => this.applyStatus(status));
  }

  /** Follows the map until the returned function is called. */
  readonly watchMap = (): (() => void) => {
    this.open<MapAnswer>('map', api.map, (answer) => this.map.apply(answer));
    return () => {
      this.streams.get('map')?.close();
      this.streams.delete('map');
      this.stand('map', undefined);
    };
  };

  readonly retry = (): void => {
    for (const stream of this.streams.values()) stream.retry();
  };

  private open<T>(feed: Feed, fetch: () => Promise<T>, apply: (value: T) => void): void {
    let streamed = false;
    const stream = new Stream({
      path: () => `${feed}?watch=true`,
      onConnection: (connection) => this.stand(feed, connection),
      onOpen: () => {
        streamed = false;
        // The watch may be silent until something changes; the stream itself reports what goes wrong.
        fetch().then((value) => !streamed && this.streams.get(feed) === stream && apply(value), () => undefined);
      },
      onEvent: ({ event, data }) => {
        if (event !== feed) return;
        streamed = true;
        apply(JSON.parse(data) as T);
      },
    });
    this.streams.set(feed, stream);
  }

  private stand(feed: Feed, connection: Connection | undefined): void {
    if (connection) this.standing.set(feed, connection);
    else this.standing.delete(feed);
    this.connection.set(worst(this.standing.values()));
  }

  private applyStatus(status: Status): void {
    const before = new Map([...this.services.all()].map((service) => [service.name, service.state]));
    this.architecture.set(status.architecture);
    this.gateway.set(status.gateway);
    this.hosts.set(status.hosts);
    this.services.replace(status.services.map((service) => [service.name, service]));
    const changed = status.services.filter((service) => before.has(service.name) && before.get(service.name) !== service.state);
    if (changed.length > 0) this.changed.set(changed.map((service) => service.name));
  }
}

export const live = new Live();
