using Mainstay.Core.Kinds.Traffic;
using Mainstay.Traffic.Policies;

namespace Mainstay.Traffic.Path;

/// <summary>One request for an address that is under way to the service, and the equal ones that wait for its response instead of asking too.</summary>
/// <param name="hash">Of the key.</param>
/// <param name="key">The address.</param>
/// <param name="wait">How long others wait.</param>
internal sealed class Flight(ulong hash, byte[] key, TimeSpan wait) : WaitRoom(new QueueSpec { Length = MostWaiting, Wait = wait })
{
    /// <summary>More than these ask for themselves.</summary>
    public const int MostWaiting = 10_000;

    private int landed;
    private int joined;
    private volatile bool isSpoilt;

    public ulong Hash { get; } = hash;

    public byte[] Key { get; } = key;

    /// <summary>Whether anybody has waited.</summary>
    public bool WasJoined => Volatile.Read(ref joined) != 0;

    /// <summary>What it brings is out of date already.</summary>
    public bool IsSpoilt => isSpoilt;

    public void Spoil() => isSpoilt = true;

    public void NoteJoined() => Volatile.Write(ref joined, 1);

    /// <summary>It is over: whoever waits looks again. More than once does no harm.</summary>
    public void Land(long nowMicros)
    {
        // A full fence: whoever begins to wait now either is seen by the next line, or sees this one.
        Interlocked.Exchange(ref landed, 1);
        Pump(nowMicros);
    }

    public override bool TryTake(int keep, long nowMicros) => Volatile.Read(ref landed) != 0;

    public override void Return()
    {
    }
}
