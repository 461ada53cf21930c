using Mainstay.Core.Kinds;

namespace Mainstay.Traffic.Path;

/// <summary>
/// What policies remember beyond one table: the same policy with the same terms at the same place is the same object in every table, so a
/// change elsewhere neither resets a limit nor closes a breaker.
/// </summary>
internal sealed class PolicyBook
{
    private Dictionary<string, object> before = [];
    private Dictionary<string, object> now = [];
    private readonly List<IBeating> beating = []; // of all policies, those that the heartbeat is for: it is frequent, and they are few

    /// <summary>Whose policies they are: its clock, transport and notices. Null where a table is only compiled.</summary>
    public Gateway? Gateway { get; init; }

    /// <summary>Begins a new table: what it does not ask for again is forgotten.</summary>
    public void BeginTable()
    {
        (before, now) = (now, []);
        beating.Clear();
    }

    /// <summary>The policy of that kind with these terms at that place.</summary>
    /// <param name="place">Such as <c>route/orders-api/limit-1</c>.</param>
    /// <param name="terms">What it was declared with; other terms are another policy.</param>
    /// <param name="make">Makes it where it is new.</param>
    public T Of<T>(string place, object terms, Func<T> make)
        where T : class
    {
        var key = $"{typeof(T).Name} {place} {Codec.Text(terms)}";
        if (now.TryGetValue(key, out var known)) return (T)known;
        var policy = before.TryGetValue(key, out var old) ? (T)old : make();
        now[key] = policy;
        if (policy is IBeating one) beating.Add(one);
        return policy;
    }

    /// <summary>How the policies of the current table stand.</summary>
    public List<PolicyReport> Reports(long nowMs)
    {
        var reports = new List<PolicyReport>();
        foreach (var policy in now.Values)
        {
            if (policy is IReporting reporting && reporting.Report(nowMs) is { } report) reports.Add(report);
        }
        return reports;
    }

    /// <summary>What is wrong now with what policies read.</summary>
    public IEnumerable<string> Problems => now.Values.OfType<IFailing>().Select(one => one.Problem).OfType<string>();

    /// <summary>Tells those that the last table had and the current one has not.</summary>
    public void EndDropped()
    {
        foreach (var (key, policy) in before)
        {
            if (policy is IEnding ending && !now.ContainsKey(key)) ending.End();
        }
        before = [];
    }

    /// <summary>Every policy of the current table that needs the heartbeat.</summary>
    public IReadOnlyList<IBeating> Beating => beating;
}

/// <summary>A policy that people can look at.</summary>
internal interface IReporting
{
    /// <summary>How it stands; null where there is nothing to tell.</summary>
    PolicyReport? Report(long nowMs);
}

/// <summary>A policy that reads what may be wrong.</summary>
internal interface IFailing
{
    /// <summary>What is wrong now, with the remedy or what holds meanwhile; null where nothing is.</summary>
    string? Problem { get; }
}

/// <summary>A policy that has to know when no table has it any more.</summary>
internal interface IEnding
{
    /// <summary>No further request comes by the current table; some that began with an earlier one may.</summary>
    void End();
}

/// <summary>A policy that is looked at by the heartbeat, outside of the path.</summary>
internal interface IBeating
{
    /// <summary>Called about ten times a second, never twice at a time.</summary>
    void Beat(long nowMs);
}
