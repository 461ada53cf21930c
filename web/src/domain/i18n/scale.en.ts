/** English: how services scale. */
export const scaleEn = {
  title: 'Scaling',
  automatic: (wanted: number, min: number, max: number) => `${wanted} wanted, of ${min} to ${max}`,
  now: 'Measured now',
  nothing: 'Nothing was decided yet.',
  giveBack: 'Let it scale by itself',
  reason: {
    Steady: 'Fits', Out: 'Scaled out', In: 'Scaled in', ToZero: 'Stopped for want of requests', FromZero: 'Started for a request', HeldByCause: 'Held: the cause lies downstream',
    HeldByFailure: 'Held: new instances do not start', AtMost: 'All that may run do', Declared: 'As declared', ByHand: 'Set by hand', Bounds: 'By its bounds',
  } as Record<string, string>,
};
