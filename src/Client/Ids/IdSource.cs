using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace Mainstay.Client.Ids;

/// <summary>
/// Ids for a service: asks Mainstay for a lease when the first id is wanted and makes it longer in good time, by the way; between that, ids cost no round trip. Safe from many threads.
/// </summary>
/// <remarks>Failures: where no lease can be had or prolonged within 10 s, <see cref="NextAsync"/> throws <see cref="HttpRequestException"/>; where the server's clock was put back by more, <see cref="InvalidOperationException"/>; while a lease lasts (30 s), a server that is away is not noticed.</remarks>
public sealed class IdSource : IDisposable
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    static readonly TimeSpan Between = TimeSpan.FromMilliseconds(250);

    readonly HttpClient client;
    readonly TimeProvider time;
    readonly string holder;
    readonly IdGenerator generator;
    readonly SemaphoreSlim asking = new(1, 1);
    int renewing;

    /// <param name="api">Mainstay's API: null is the environment's <c>MAINSTAY_API</c>.</param>
    /// <param name="holder">Who makes ids, for people: null is <c>MAINSTAY_INSTANCE</c>, or the machine's name and the process id.</param>
    /// <param name="handler">Carries the requests; null is a new one.</param>
    /// <param name="time">Null is the system's.</param>
    /// <param name="token">Shown to the API where it asks for one; null is <c>MAINSTAY_TOKEN</c>.</param>
    public IdSource(Uri? api = null, string? holder = null, HttpMessageHandler? handler = null, TimeProvider? time = null, string? token = null)
    {
        client = ApiChannel.Connect(api, token, handler);
        client.Timeout = TimeSpan.FromSeconds(5);
        this.time = time ?? TimeProvider.System;
        this.holder = holder ?? Environment.GetEnvironmentVariable("MAINSTAY_INSTANCE") ?? $"{Environment.MachineName}/{Environment.ProcessId}";
        generator = new IdGenerator(this.time);
    }

    /// <summary>The next id. Done at once but for the first, and where a lease has ended.</summary>
    public ValueTask<long> NextAsync(CancellationToken stop = default)
    {
        if (generator.TryNext(out var id) != IdGenerator.Outcome.Made)
        {
            return new(SlowlyAsync(stop));
        }

        if (IsHalfOver() && Interlocked.Exchange(ref renewing, 1) == 0)
        {
            _ = RenewAsync();
        }

        return new(id);
    }

    /// <summary>Closes the connection; the lease ends by itself.</summary>
    public void Dispose()
    {
        client.Dispose();
        asking.Dispose();
    }

    bool IsHalfOver() => generator.Lease is { } lease && 2 * (lease.UntilMs - generator.NowMs) < lease.UntilMs - lease.NowMs;

    async Task<long> SlowlyAsync(CancellationToken stop)
    {
        var began = time.GetTimestamp();
        while (true)
        {
            var outcome = generator.TryNext(out var id);
            if (outcome == IdGenerator.Outcome.Made)
            {
                return id;
            }

            if (outcome == IdGenerator.Outcome.Later)
            {
                if (time.GetElapsedTime(began) > Patience)
                {
                    throw new InvalidOperationException("the server's clock was put back by more than 10 s since the last id; ids never go back, so none can be made until it has caught up");
                }

                await Task.Delay(TimeSpan.FromMilliseconds(1), time, stop);
                continue;
            }

            try
            {
                await LeaseAsync(stop);
            }
            catch (Exception error) when (error is HttpRequestException or TaskCanceledException && !stop.IsCancellationRequested && time.GetElapsedTime(began) < Patience)
            {
                await Task.Delay(Between, time, stop);
            }
        }
    }

    async Task RenewAsync()
    {
        try
        {
            await LeaseAsync(CancellationToken.None, evenWhileItLasts: true);
        }
        catch (Exception error) when (error is HttpRequestException or TaskCanceledException or ObjectDisposedException)
        {
            // What remains of the lease is used up; whoever comes then is told.
        }
        finally
        {
            Volatile.Write(ref renewing, 0);
        }
    }

    async Task LeaseAsync(CancellationToken stop, bool evenWhileItLasts = false)
    {
        await asking.WaitAsync(stop);
        try
        {
            if (!evenWhileItLasts && generator.TryNext(out _) != IdGenerator.Outcome.NoLease)
            {
                return;
            }

            var askedAt = time.GetTimestamp();
            var held = generator.Lease;
            using var response = await client.PostAsync("/api/v1/ids/leases", ClientJson.Body(new JsonObject { ["holder"] = holder, ["worker"] = held?.Worker, ["grant"] = held?.Grant, ["atMs"] = held is null ? 0 : generator.NowMs }), stop);
            response.EnsureSuccessStatusCode();
            generator.Use((await response.Content.ReadFromJsonAsync(ClientJson.Default.IdLease, stop))!, askedAt);
        }
        finally
        {
            asking.Release();
        }
    }
}
