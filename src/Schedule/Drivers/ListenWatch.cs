using System.Net;
using Mainstay.Schedule.Decide;

namespace Mainstay.Schedule.Drivers;

/// <summary>
/// Where the processes of an instance listen, for the message of a check that reached nobody. A look goes through the descriptors of its processes, so that it is made only
/// when the start has taken longer than most, and then rarely.
/// </summary>
/// <param name="asked">As of <see cref="Misplaced.Say"/>.</param>
/// <param name="look">Where they listen; null where that cannot be seen.</param>
/// <param name="time">Of the looks.</param>
sealed class ListenWatch(IPEndPoint asked, Func<IReadOnlyCollection<IPEndPoint>?> look, TimeProvider time)
{
    static readonly TimeSpan First = TimeSpan.FromSeconds(1);
    static readonly TimeSpan Every = TimeSpan.FromSeconds(5);

    DateTimeOffset next = time.GetUtcNow() + First;
    string said = "";

    /// <summary>What the last look told, as a clause; empty where it told nothing. One caller at a time.</summary>
    public string Say()
    {
        var now = time.GetUtcNow();
        if (now >= next)
        {
            said = look() is { } listens ? Misplaced.Say(asked, listens) : "";
            next = now + Every;
        }

        return said;
    }
}
