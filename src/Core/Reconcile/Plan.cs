using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;

namespace Mainstay.Core.Reconcile;

/// <summary>
/// What a reconciler wants: resources to write (committed together, and only if none of them changed since they were seen), then acts for
/// the driver, then a time to look again. Nothing in it has happened yet.
/// </summary>
public sealed class Plan
{
    readonly List<Resource> puts = [];
    readonly List<Resource> deletes = [];
    readonly List<Resource> expected = [];
    readonly List<Act> acts = [];
    readonly List<Note> notes = [];

    /// <summary>Resources to write. A <see cref="Resource.Revision"/> of 0 creates, and fails where the name is taken.</summary>
    public IReadOnlyList<Resource> Puts => puts;

    /// <summary>Resources to delete, as they were seen.</summary>
    public IReadOnlyList<Resource> Deletes => deletes;

    /// <summary>Resources that are not written, but on whose being unchanged the plan rests: the commit fails where one of them is not as it was seen.</summary>
    public IReadOnlyList<Resource> Expected => expected;

    /// <summary>What the driver does once the writes are committed.</summary>
    public IReadOnlyList<Act> Acts => acts;

    /// <summary>Events to record with the writes.</summary>
    public IReadOnlyList<Note> Notes => notes;

    /// <summary>Look again then, even if nothing changes; null is only on change.</summary>
    public DateTimeOffset? Until { get; private set; }

    /// <summary>True where there is nothing to write and nothing to do, at most something to wait for.</summary>
    public bool IsNothing => puts.Count + deletes.Count + acts.Count + notes.Count == 0;

    public Plan Put(Resource resource)
    {
        puts.Add(resource);
        return this;
    }

    public Plan Delete(Resource resource)
    {
        deletes.Add(resource);
        return this;
    }

    public Plan Expect(Resource resource)
    {
        expected.Add(resource);
        return this;
    }

    public Plan Do(Act act)
    {
        acts.Add(act);
        return this;
    }

    public Plan Say(string about, string reason, string message, Severity severity = Severity.Info)
    {
        notes.Add(new Note(about, reason, message, severity));
        return this;
    }

    /// <summary>Asks to be looked at again at <paramref name="until"/>; the earliest of several wins, null asks for nothing.</summary>
    public Plan Wait(DateTimeOffset? until)
    {
        Until = until is null || Until < until ? Until : until;
        return this;
    }
}

/// <summary>Something for a driver to do, keyed by what it is done to. Drivers are idempotent: doing it again changes nothing.</summary>
public abstract record Act(string Id);

/// <summary>An event in the making.</summary>
public sealed record Note(string About, string Reason, string Message, Severity Severity);
