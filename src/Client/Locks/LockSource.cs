using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace Mainstay.Client.Locks;

/// <summary>
/// Locks, semaphores and elections for a service, kept by Mainstay. A lock that is got is renewed by itself until it is disposed of; where that fails for too long, <see cref="HeldLock.Lost"/> says so
/// before anybody else can have it. Safe from many threads.
/// </summary>
/// <remarks>
/// What a lock protects is only safe from a holder that was paused where the protected side looks at the token: send <see cref="HeldLock.FencingToken"/> as the header <c>Fencing-Token</c> to routes and needs that have
/// <c>fence</c>, or keep the largest <see cref="HeldLock.Token"/> beside what is protected.
/// Failures: a server that is away is asked again until the time given is over, then <see cref="HttpRequestException"/>; a wish that can never be granted is an <see cref="InvalidOperationException"/>.
/// </remarks>
public sealed class LockSource : IDisposable
{
    static readonly TimeSpan Poll = TimeSpan.FromSeconds(20);
    static readonly TimeSpan Between = TimeSpan.FromMilliseconds(250);

    readonly HttpClient client;
    readonly TimeProvider time;
    long asks;

    /// <param name="api">Mainstay's API: null is the environment's <c>MAINSTAY_API</c>.</param>
    /// <param name="owner">Who asks; two with the same name are one. Null is <c>MAINSTAY_INSTANCE</c>, or the machine's name, with the process id and start.</param>
    /// <param name="handler">Carries the requests; null is a new one.</param>
    /// <param name="time">Null is the system's.</param>
    /// <param name="token">Shown to the API where it asks for one; null is <c>MAINSTAY_TOKEN</c>.</param>
    public LockSource(Uri? api = null, string? owner = null, HttpMessageHandler? handler = null, TimeProvider? time = null, string? token = null)
    {
        client = ApiChannel.Connect(api, token, handler);
        this.time = time ?? TimeProvider.System;
        Owner = owner ?? $"{Environment.GetEnvironmentVariable("MAINSTAY_INSTANCE") ?? Environment.MachineName}/{Environment.ProcessId}/{Environment.TickCount64:x}";
    }

    /// <summary>Who asks.</summary>
    public string Owner { get; }

    /// <summary>Gets the lock, or null where it is not to be had within <paramref name="wait"/>. Those who ask are served in the order of asking.</summary>
    /// <param name="name">Lower-case letters, digits, '-' and '.'; up to 63.</param>
    /// <param name="wait">How long to wait in line; zero only tries.</param>
    /// <param name="options">As what; null is exclusive with a lease of 15 s.</param>
    /// <param name="stop">Ends the waiting; the place in line is given up.</param>
    public async Task<HeldLock?> AcquireAsync(string name, TimeSpan wait, LockOptions? options = null, CancellationToken stop = default)
    {
        options ??= new LockOptions();
        // Two holders of one process are told apart: only who says so has a lock that he has already.
        var number = Interlocked.Increment(ref asks);
        var owner = options.Reentrant ? Owner : $"{Owner}#{number}";
        var (began, deadline) = (time.GetTimestamp(), wait);
        while (true)
        {
            var left = deadline - time.GetElapsedTime(began);
            var asked = time.GetTimestamp();
            try
            {
                var poll = left <= TimeSpan.Zero ? TimeSpan.Zero : left < Poll ? left : Poll;
                var (status, grant) = await SendAsync($"/api/v1/locks/{name}/acquire", new JsonObject
                {
                    ["owner"] = owner, ["ask"] = $"{number}", ["form"] = options.Form.ToString().ToLowerInvariant(), ["permits"] = options.Permits,
                    ["lease"] = ClientJson.Milliseconds(options.Lease), ["wait"] = ClientJson.Milliseconds(poll), ["about"] = options.About,
                }, poll + TimeSpan.FromSeconds(5), stop);
                if (status == HttpStatusCode.OK)
                {
                    return new HeldLock(this, name, owner, grant!, options.Lease, asked, time);
                }

                // The last asking does not wait, and gives the place in line up.
                if (status == HttpStatusCode.Conflict || (status == HttpStatusCode.Accepted && left <= TimeSpan.Zero))
                {
                    return null;
                }
            }
            catch (HttpRequestException) when (left > TimeSpan.Zero)
            {
                await Task.Delay(Between, time, stop);
            }
        }
    }

    /// <summary>Runs <paramref name="lead"/> whenever this one is elected, until stopped: at most one of those who run for the same name leads, as far as the token is looked at.</summary>
    /// <param name="name">What is led.</param>
    /// <param name="lead">Ends when its token is cancelled: the office is lost, or the run is to end. Returning from it gives the office up, and runs again for it.</param>
    /// <param name="options">The lease, and what others are told of the leader.</param>
    /// <param name="stop">Ends the run.</param>
    public async Task RunForAsync(string name, Func<HeldLock, CancellationToken, Task> lead, LockOptions? options = null, CancellationToken stop = default)
    {
        while (true)
        {
            stop.ThrowIfCancellationRequested();
            HeldLock? office;
            try
            {
                office = await AcquireAsync(name, Poll, options, stop);
            }
            catch (HttpRequestException)
            {
                await Task.Delay(Between, time, stop);
                continue;
            }

            if (office is null)
            {
                continue;
            }

            await using (office)
            {
                using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, office.Lost);
                try
                {
                    await lead(office, either.Token);
                }
                catch (OperationCanceledException) when (office.Lost.IsCancellationRequested && !stop.IsCancellationRequested)
                {
                    // Somebody else may lead now; this one runs again.
                }
            }
        }
    }

    /// <summary>Who leads, and what it says of itself; null where nobody does.</summary>
    public async Task<LockHolder?> LeaderAsync(string name, CancellationToken stop = default)
    {
        using var response = await client.GetAsync($"/api/v1/locks/{name}", stop);
        if (response.StatusCode == HttpStatusCode.NotFound)
        {
            return null;
        }

        response.EnsureSuccessStatusCode();
        return (await response.Content.ReadFromJsonAsync(ClientJson.Default.Held, stop))?.Holds is [var first, ..] ? first : null;
    }

    /// <summary>Closes the connections. Locks that are held end with their leases.</summary>
    public void Dispose() => client.Dispose();

    internal async Task<(HttpStatusCode Status, Grant? Grant)> SendAsync(string path, JsonObject body, TimeSpan within, CancellationToken stop)
    {
        using var limit = new CancellationTokenSource(within, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, limit.Token);
        try
        {
            using var response = await client.PostAsync(path, ClientJson.Body(body), either.Token);
            if (response.StatusCode is HttpStatusCode.OK or HttpStatusCode.Accepted)
            {
                return (response.StatusCode, await response.Content.ReadFromJsonAsync(ClientJson.Default.Grant, either.Token));
            }

            if (response.StatusCode == HttpStatusCode.BadRequest)
            {
                throw new InvalidOperationException(await response.Content.ReadAsStringAsync(either.Token));
            }

            return response.StatusCode == HttpStatusCode.Conflict ? (response.StatusCode, null) : throw new HttpRequestException($"Mainstay answered {(int)response.StatusCode}");
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            throw new HttpRequestException("Mainstay did not answer in time");
        }
    }

    internal sealed record Grant(string State, long Token, string? FencingToken, long LeaseMs, int Count);

    internal sealed record Held(IReadOnlyList<LockHolder>? Holds);
}

/// <summary>Who holds a lock.</summary>
/// <param name="Owner">Its name.</param>
/// <param name="Token">The grant's number.</param>
/// <param name="About">What it says of itself.</param>
public sealed record LockHolder(string Owner, long Token, string? About);

/// <summary>As what a lock is asked for.</summary>
public sealed record LockOptions
{
    /// <summary>Default exclusive.</summary>
    public LockForm Form { get; init; }

    /// <summary>How many may hold it, where the form is permits. Default 1; 1 to 1000.</summary>
    public int Permits { get; init; } = 1;

    /// <summary>How long a grant outlives its last renewal. Default 15 s; 1 s to 1 h.</summary>
    public TimeSpan Lease { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>For people, and for those who look for the leader: an address, for example. Up to 200 characters.</summary>
    public string About { get; init; } = "";

    /// <summary>Whether this source has a lock again that it has already. Default: it waits for itself, as for others.</summary>
    public bool Reentrant { get; init; }
}

/// <summary>As what a lock is held.</summary>
public enum LockForm
{
    /// <summary>By one alone.</summary>
    Exclusive,

    /// <summary>By any number that hold it shared.</summary>
    Shared,

    /// <summary>By at most so many: a semaphore.</summary>
    Permits,
}
