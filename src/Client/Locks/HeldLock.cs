using System.Net;
using System.Text.Json.Nodes;

namespace Mainstay.Client.Locks;

/// <summary>A lock that is held, until it is disposed of or <see cref="Lost"/>.</summary>
public sealed class HeldLock : IAsyncDisposable
{
    /// <summary>The part of a lease after which the holder stops counting on it: clocks of two machines do not run alike.</summary>
    const double Margin = 0.1;

    readonly LockSource source;
    readonly string name;
    readonly string owner;
    readonly TimeSpan lease;
    readonly TimeProvider time;
    readonly CancellationTokenSource lost = new();
    readonly CancellationTokenSource ended = new();
    readonly ITimer end;
    readonly Task renewing;

    internal HeldLock(LockSource source, string name, string owner, LockSource.Grant grant, TimeSpan lease, long asked, TimeProvider time)
    {
        (this.source, this.name, this.owner, this.lease, this.time) = (source, name, owner, lease, time);
        Token = grant.Token;
        FencingToken = grant.FencingToken!;
        Lost = lost.Token;
        end = time.CreateTimer(_ => lost.Cancel(), null, Left(asked), Timeout.InfiniteTimeSpan);
        renewing = RenewAsync(ended.Token);
    }

    /// <summary>The grant's number: larger than that of every holder before.</summary>
    public long Token { get; }

    /// <summary>What to send as the header <c>Fencing-Token</c>.</summary>
    public string FencingToken { get; }

    /// <summary>
    /// Cancelled when the lock is lost, or may be from now on: it was broken, or could not be renewed. That is a tenth of the lease before Mainstay gives it to somebody else, counted from when the last renewal
    /// was sent.
    /// </summary>
    public CancellationToken Lost { get; }

    /// <summary>Gives the lock back. Where that fails, its lease ends by itself.</summary>
    public async ValueTask DisposeAsync()
    {
        await ended.CancelAsync();
        await renewing;
        await end.DisposeAsync();
        try
        {
            await source.SendAsync($"/api/v1/locks/{name}/release", new JsonObject { ["owner"] = owner, ["token"] = Token }, TimeSpan.FromSeconds(5), CancellationToken.None);
        }
        catch (Exception error) when (error is HttpRequestException or ObjectDisposedException)
        {
            // Whoever waits for it has it when the lease is over.
        }

        ended.Dispose();
        lost.Dispose();
    }

    async Task RenewAsync(CancellationToken stop)
    {
        var pause = lease / 3;
        try
        {
            while (!lost.IsCancellationRequested)
            {
                await Task.Delay(pause, time, stop);
                var asked = time.GetTimestamp();
                try
                {
                    var (status, _) = await source.SendAsync($"/api/v1/locks/{name}/renew", new JsonObject { ["owner"] = owner, ["token"] = Token }, lease / 3, stop);
                    if (status == HttpStatusCode.Conflict)
                    {
                        await lost.CancelAsync();
                        return;
                    }

                    pause = lease / 3;
                    end.Change(Left(asked), Timeout.InfiniteTimeSpan);
                }
                catch (HttpRequestException)
                {
                    pause = lease / 20;
                }
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
        }
    }

    // Counted from before the asking: the server's lease began later.
    TimeSpan Left(long asked)
    {
        var left = (lease * (1 - Margin)) - time.GetElapsedTime(asked);
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }
}
