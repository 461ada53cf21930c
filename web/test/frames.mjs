// How fluid a page is: frames, long tasks, and what its main thread did meanwhile.

/** Frames and tasks over 50 ms as the page itself sees them, which includes waiting for a busy machine. */
async function countFrames(page, forMs) {
  const { frames, long } = await page.evaluate(
    (ms) =>
      new Promise((done) => {
        const seen = { frames: [], long: [] };
        const observer = new PerformanceObserver((list) => seen.long.push(...list.getEntries().map((entry) => Math.round(entry.duration))));
        observer.observe({ type: 'longtask' });
        const start = performance.now();
        let last = start;
        const frame = (now) => {
          seen.frames.push(Math.round(now - last));
          last = now;
          if (now - start < ms) requestAnimationFrame(frame);
          else done(seen);
        };
        requestAnimationFrame(frame);
      }),
    forMs,
  );
  frames.sort((a, b) => a - b);
  return { count: frames.length, median: frames[frames.length >> 1], p95: frames[Math.floor(frames.length * 0.95)], worst: frames.at(-1), long };
}

/**
 * Does something again and again for some seconds. Busy is processor time of the page's main thread, not wall time: a machine with much else to do must not make it more.
 */
export async function measure(page, seconds, act) {
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('Performance.enable', { timeDomain: 'threadTicks' });
  const busyMs = async () => (await cdp.send('Performance.getMetrics')).metrics.find(({ name }) => name === 'TaskDuration').value * 1000;
  const frames = countFrames(page, seconds * 1000);
  const [busy, start] = [await busyMs(), Date.now()];
  for (let i = 0; Date.now() - start < seconds * 1000; i++) await act(i);
  const spent = (await busyMs()) - busy;
  const cpu = spent / (Date.now() - start);
  const seen = { ...(await frames), cpu, spent };
  await cdp.detach();
  return seen;
}

export const say = ({ count, median, p95, worst, long, cpu, spent }) =>
  `${count} frames, median ${median} ms, p95 ${p95} ms, worst ${worst} ms, ${long.length} long tasks of at most ${Math.max(0, ...long)} ms, main thread ${(cpu * 100).toFixed(0)}% busy, ${(spent / count).toFixed(1)} ms a frame`;
