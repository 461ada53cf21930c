using Mainstay.Core.Kinds.Observe;

namespace Mainstay.Observe.Store.Blocks;

/// <summary>A retention that can be changed while it holds.</summary>
public sealed class RetentionRule
{
    readonly Lock gate = new();
    readonly Retention initial;
    Retention now;

    /// <param name="initial">What holds where nothing else is said.</param>
    public RetentionRule(Retention initial) => (this.initial, now) = (initial, initial);

    public Retention Now
    {
        get
        {
            lock (gate)
            {
                return now;
            }
        }
    }

    /// <summary>Has what is declared hold from the next time that something is dropped; what is not said, and null, is as at first.</summary>
    public void Change(KeepSpec? wanted)
    {
        lock (gate)
        {
            now = new(wanted?.Age ?? initial.Age, wanted?.Size?.Bytes ?? initial.Bytes);
        }
    }
}
