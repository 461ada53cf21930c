import { useEffect, useState } from 'react';
import type { ListAnswer } from '../api/shapes';
import { Stream } from '../api/stream';

/** The resources of a kind as they stand, followed while the component is shown; undefined until the first list. */
export function useWatched<T extends { name: string }>(plural: string): readonly T[] | undefined {
  const [items, setItems] = useState<readonly T[]>();
  useEffect(() => {
    const stream = new Stream({
      path: () => `${plural}?watch=true`,
      onEvent: ({ event, data }) => {
        if (event === 'list') setItems((JSON.parse(data) as ListAnswer<T>).items);
        else if (event === 'put') {
          const item = JSON.parse(data) as T;
          setItems((last) => [...(last ?? []).filter(({ name }) => name !== item.name), item]);
        } else if (event === 'delete') {
          const { name: gone } = JSON.parse(data) as { name: string };
          setItems((last) => last?.filter(({ name }) => name !== gone));
        }
      },
    });
    return () => stream.close();
  }, [plural]);
  return items;
}
