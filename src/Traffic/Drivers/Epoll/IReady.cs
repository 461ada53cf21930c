namespace Mainstay.Traffic.Drivers.Epoll;

/// <summary>What a loop calls, on its thread, when something can go on.</summary>
internal interface IReady
{
    /// <summary>The kernel reported these events for its descriptor.</summary>
    void Ready(uint events);

    /// <summary>It had asked to go on after the others' turn.</summary>
    void GoOn();

    /// <summary>The loop ends.</summary>
    void End();
}
