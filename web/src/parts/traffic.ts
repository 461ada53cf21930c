import { useEffect, useState } from 'react';
import { Stream } from '../api/stream';
import type { TrafficAnswer } from '../api/trafficShapes';
import { Trends } from '../domain/trends';

/** How traffic stands, followed while the component is shown, with what was seen of each policy since then. */
export function useTraffic(): { traffic: TrafficAnswer | undefined; trends: Trends } {
  const [traffic, setTraffic] = useState<TrafficAnswer>();
  const [trends] = useState(() => new Trends());
  useEffect(() => {
    const stream = new Stream({
      path: () => 'traffic?watch=true',
      onEvent: ({ event, data }) => {
        if (event !== 'traffic') return;
        const answer = JSON.parse(data) as TrafficAnswer;
        trends.push(answer);
        setTraffic(answer);
      },
    });
    return () => stream.close();
  }, [trends]);
  return { traffic, trends };
}
