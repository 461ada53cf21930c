namespace Mainstay.Traffic.Policies;

/// <summary>How a wait ended.</summary>
internal enum WaitEnd
{
    /// <summary>It still goes on.</summary>
    Waiting,

    /// <summary>There is a place.</summary>
    Admitted,

    /// <summary>There was none in time.</summary>
    TimedOut,

    /// <summary>Somebody more important took its place in the line.</summary>
    Displaced,

    /// <summary>The client has left.</summary>
    Gone,

    /// <summary>It never stood in the line, which is full of those who are as important.</summary>
    Full,
}

/// <summary>Something that can stand in a <see cref="WaitLine"/>: the links lie in it, so that a line needs no memory of its own.</summary>
internal abstract class WaitNode
{
    internal WaitNode? Before;
    internal WaitNode? After;

    /// <summary>The line's class it stands in; -1 where it stands in none.</summary>
    internal int Class = -1;

    /// <summary>Since when, in microseconds.</summary>
    internal long SinceMicros;

    /// <summary>Whether nobody has ended the wait yet.</summary>
    public abstract bool IsWaiting { get; }

    /// <summary>Ends the wait, if nobody else has: exactly one caller gets true, and then sees to <see cref="Resume"/>.</summary>
    public abstract bool TryEnd(WaitEnd how);

    /// <summary>Lets whoever waits go on, somewhere else.</summary>
    public abstract void Resume();
}
