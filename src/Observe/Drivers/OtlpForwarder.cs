using System.IO.Compression;
using System.Net.Http.Headers;
using Mainstay.Core.Kinds.Observe;
using Mainstay.Core.Servers;
using Mainstay.Observe.Forward;
using Mainstay.Observe.Store.Blocks;

namespace Mainstay.Observe.Drivers;

/// <summary>Sends what waits in a queue on, one request of each signal at a time, again and again until it is taken, refused for good, or made room for by newer ones.</summary>
/// <param name="spec">Where to, and how.</param>
/// <param name="baseFolder">Where relative files with secrets start.</param>
/// <param name="time">The clock.</param>
/// <param name="files">Where what waits lies on disk; null for memory alone.</param>
/// <param name="say">Told when sending begins to fail, when it goes on, and what is refused for good.</param>
public sealed class OtlpForwarder(ForwardSpec spec, string baseFolder, TimeProvider time, IStoreFiles? files, Action<string> say)
{
    /// <summary>Set on what is sent on, so that what comes back in a circle goes round once.</summary>
    public const string Mark = "X-Mainstay-Forwarded";

    const int MostJoined = 1 << 20;

    static readonly HttpClient Http = new(new ConnectFaults(new SocketsHttpHandler { AllowAutoRedirect = false, PooledConnectionLifetime = TimeSpan.FromMinutes(5) })) { Timeout = Timeout.InfiniteTimeSpan };

    public ForwardQueue Queue { get; } = new(
        spec.Queue.Bytes, [.. spec.Signals.Distinct()], files is null || spec.Disk.Bytes == 0 ? null : signal => new(files, signal, time), spec.Disk.Bytes);

    /// <summary>Sends until stopped.</summary>
    public Task RunAsync(CancellationToken stop) => Task.WhenAll(spec.Signals.Distinct().Select(signal => SendAsync(signal, stop)));

    async Task SendAsync(TelemetrySignal signal, CancellationToken stop)
    {
        while (true)
        {
            var request = await Queue.TakeAsync(signal, MostJoined, stop);
            try
            {
                await SendAsync(signal, request, stop);
            }
            catch (OperationCanceledException)
            {
                Queue.Back(signal, request);
                throw;
            }
        }
    }

    async Task SendAsync(TelemetrySignal signal, byte[] request, CancellationToken stop)
    {
        for (var failures = 0; ;)
        {
            var (status, asked, why) = await TryAsync(signal, request, stop);
            var next = ForwardDecide.After(status);
            if (next == ForwardNext.Again)
            {
                Queue.Failed(signal);
                if (++failures == 1)
                {
                    say($"{Word(signal)} are not taken by {spec.Endpoint}: {why}; they wait and are sent again");
                }

                await Task.Delay(ForwardDecide.Wait(failures, asked), time, stop);
                continue;
            }

            if (next == ForwardNext.Done)
            {
                Queue.Sent(signal, request.Length);
                if (failures > 0)
                {
                    say($"{Word(signal)} are taken by {spec.Endpoint} again");
                }
            }
            else
            {
                Queue.Refused(signal, request.Length);
                say($"{request.Length} bytes of {Word(signal)} are refused by {spec.Endpoint}: {why}");
            }

            return;
        }
    }

    async Task<(int? Status, TimeSpan? Asked, string Why)> TryAsync(TelemetrySignal signal, byte[] request, CancellationToken stop)
    {
        using var patience = new CancellationTokenSource(spec.Timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, patience.Token);
        using var message = new HttpRequestMessage(HttpMethod.Post, $"{spec.Endpoint.TrimEnd('/')}/v1/{Word(signal)}");
        message.Content = new ByteArrayContent(spec.Gzip ? Zip(request) : request);
        message.Content.Headers.ContentType = new MediaTypeHeaderValue("application/x-protobuf");
        if (spec.Gzip)
        {
            message.Content.Headers.ContentEncoding.Add("gzip");
        }

        message.Headers.TryAddWithoutValidation(Mark, "1");
        foreach (var (name, value) in spec.Headers ?? new Dictionary<string, string>())
        {
            message.Headers.TryAddWithoutValidation(name, value);
        }

        foreach (var (name, place) in spec.SecretHeaders ?? new Dictionary<string, string>())
        {
            var (secret, why) = SecretFile.Read(place, baseFolder);
            if (secret is null)
            {
                return (null, null, why!);
            }

            message.Headers.TryAddWithoutValidation(name, secret);
        }

        try
        {
            using var answer = await Http.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, either.Token);
            return ((int)answer.StatusCode, answer.Headers.RetryAfter?.Delta, $"it answered {(int)answer.StatusCode}");
        }
        catch (Exception fault) when (fault is HttpRequestException or OperationCanceledException && !stop.IsCancellationRequested)
        {
            return (null, null, fault is OperationCanceledException ? $"no answer within {spec.Timeout.TotalSeconds:0.#} s" : fault.Message);
        }
    }

    static byte[] Zip(byte[] request)
    {
        using var packed = new MemoryStream();
        using (var zip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        {
            zip.Write(request);
        }

        return packed.ToArray();
    }

    static string Word(TelemetrySignal signal) => signal.ToString().ToLowerInvariant();
}
