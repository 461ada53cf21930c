using Mainstay.Core.Requests;

namespace Mainstay.Traffic.Path.Requests;

/// <summary>The gateway's ledger, opened on another thread when somebody first needs it; where that failed, again a second later.</summary>
/// <param name="open">Opens it; null where there is none.</param>
internal sealed class LedgerDoor(Func<IRequestLedger>? open, Clock clock) : IAsyncDisposable
{
    private const long AgainMs = 1000;
    private readonly Lock gate = new();
    private Task<IRequestLedger?>? opening;
    private long failedAtMs;
    private bool isClosed;

    /// <summary>Why it is not open; null where it is, or nobody has asked for it.</summary>
    public string? Problem { get; private set; } = open is null ? "this gateway has no place where requests are remembered" : null;

    /// <summary>The ledger; null where it cannot be had now.</summary>
    public Task<IRequestLedger?> GetAsync()
    {
        lock (gate)
        {
            if (open is null || isClosed) return Task.FromResult<IRequestLedger?>(null);
            if (opening is { IsCompleted: true, Result: null } && clock.CoarseMs - failedAtMs >= AgainMs) opening = null;
            return opening ??= Task.Run(Open);
        }
    }

    public async ValueTask DisposeAsync()
    {
        Task<IRequestLedger?>? last;
        lock (gate) (isClosed, last) = (true, opening);
        if (last is not null && await last is { } ledger) await ledger.DisposeAsync();
    }

    private IRequestLedger? Open()
    {
        try
        {
            var ledger = open!();
            Problem = null;
            return ledger;
        }
        catch (Exception error)
        {
            // The outside world: told, and tried again.
            (Problem, failedAtMs) = (error.Message, clock.CoarseMs);
            return null;
        }
    }
}
