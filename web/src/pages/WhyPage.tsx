import { useState } from 'react';
import { live } from '../api/live';
import { canAsk } from '../domain/causes';
import { Impact, Why } from '../parts/Causes';
import { go } from '../parts/navigation';
import { useText } from '../parts/settings';

/** The two questions about one thing: why is it not well, and who is hurt by it. */
export default function WhyPage({ of }: { of: string }) {
  const text = useText().care;
  const [typed, setTyped] = useState(of);
  return (
    <div className="page">
      <h1>{text.whyTitle}</h1>
      <form className="ask" role="search" onSubmit={(event) => { event.preventDefault(); go({ page: 'why', of: typed.trim() }); }}>
        <input className="grow" list="known-things" required aria-label={text.whyOf} placeholder={text.whyOf} value={typed} data-search onChange={(event) => setTyped(event.target.value)} />
        <datalist id="known-things">
          {[...live.services.all()].map((one) => <option key={one.name} value={one.name} />)}
          {live.hosts.get().map((one) => <option key={one.name} value={`host/${one.name}`} />)}
        </datalist>
        <button type="submit" className="primary">{text.askDo}</button>
      </form>
      {of && canAsk(of) && (
        <section>
          <h2>{text.whyOfName(of)}</h2>
          <Why key={of} of={of} full />
        </section>
      )}
      {of && (
        <section>
          <h2>{text.impactOfName(of)}</h2>
          <Impact key={of} of={of} full />
        </section>
      )}
    </div>
  );
}
