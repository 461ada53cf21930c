/** What of a host is kept free for whom; as `GET /api/v1/headroom` answers. */
export interface HostRoom {
  readonly host: {
    readonly name: string;
    readonly state: 'ready' | 'lost';
    readonly use?: 'open' | 'cordoned' | 'draining';
    readonly zone?: string;
    readonly address?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly capacity?: Amount;
    readonly machine?: Amount;
  };
  readonly reserved: Amount;
  readonly instances: readonly RoomTaken[];
}

/** Processors as `0.5`, memory as `256Mi`. */
export interface Amount {
  readonly cpu?: string;
  readonly memory?: string;
}

export interface RoomTaken {
  readonly name: string;
  readonly service: string;
  readonly goal: 'run' | 'drain' | 'stop';
  readonly state: string;
  readonly cpu?: string;
  readonly memory?: string;
}

const units: Readonly<Record<string, number>> = { '': 1, Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40, k: 1e3, M: 1e6, G: 1e9, T: 1e12 };

/** The bytes of a size as users write it; undefined where it is none. */
export function bytesOf(size: string | undefined): number | undefined {
  const parts = /^([0-9]+)(Ki|Mi|Gi|Ti|k|M|G|T)?$/.exec(size ?? '');
  return parts ? Number(parts[1]) * units[parts[2] ?? '']! : undefined;
}

/** How much of what a host offers is kept free for its instances, 0 to 1 and beyond; undefined where it offers nothing known. */
export function reservedShare(of: HostRoom, what: 'cpu' | 'memory'): number | undefined {
  const read = (text: string | undefined) => (what === 'cpu' ? (text === undefined ? undefined : Number(text)) : bytesOf(text));
  const [reserved, offers] = [read(of.reserved[what]) ?? 0, read(of.host.capacity?.[what])];
  return offers ? reserved / offers : undefined;
}

/** How many times what the machine has is offered; undefined where it is no more than that. */
export function overcommit(of: HostRoom, what: 'cpu' | 'memory'): number | undefined {
  const [offers, has] = what === 'cpu' ? [Number(of.host.capacity?.cpu), Number(of.host.machine?.cpu)] : [bytesOf(of.host.capacity?.memory), bytesOf(of.host.machine?.memory)];
  return offers && has && offers > has * 1.005 ? offers / has : undefined;
}

/** What can be asked of a host now. */
export function verbsOf(of: HostRoom): readonly ('cordon' | 'drain' | 'uncordon' | 'forget')[] {
  if (of.host.state === 'lost') return of.instances.length === 0 ? ['forget'] : [];
  return of.host.use === 'cordoned' ? ['drain', 'uncordon'] : of.host.use === 'draining' ? ['uncordon'] : ['cordon', 'drain'];
}
