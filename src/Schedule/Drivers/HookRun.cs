using System.Net;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Kinds.State;
using Mainstay.Core.Servers;
using Mainstay.Schedule.Decide;

namespace Mainstay.Schedule.Drivers;

/// <summary>Tells a running instance that a file of its is another: by a signal, a command or a request.</summary>
/// <param name="events">Tells when a command has ended.</param>
/// <param name="time">The clock.</param>
sealed class HookRun(EventThread events, TimeProvider time) : IDisposable
{
    // The instance is known by its port, and its certificate is for the name that its callers ask for.
#pragma warning disable CA5359 // Nobody between this process and a port of its own machine could show another one.
    readonly Lazy<HttpMessageInvoker> http = new(static () => new(new ConnectFaults(new SocketsHttpHandler
    {
        AllowAutoRedirect = false, UseCookies = false, UseProxy = false, ActivityHeadersPropagator = null, SslOptions = new() { RemoteCertificateValidationCallback = static (_, _, _, _) => true },
        PooledConnectionLifetime = TimeSpan.FromMinutes(1),
    })));
#pragma warning restore CA5359

    /// <summary>Tells it; with why where that failed.</summary>
    /// <param name="instance">Whom.</param>
    /// <param name="proc">Its process.</param>
    /// <param name="hook">How.</param>
    /// <param name="tag">The versions, for whoever is asked.</param>
    /// <param name="command">Runs the hook's command.</param>
    /// <param name="stop">Gives up.</param>
    public async Task<(Telling How, string Why)> TellAsync(Instance instance, Proc proc, ConfigHook hook, string tag, Func<string, SpawnRequest> command, CancellationToken stop)
    {
        switch (proc.Phase)
        {
            case ProcPhase.Ended or ProcPhase.Failed:
                return (Telling.NotRunning, "");
            case ProcPhase.Starting:
                return (Telling.NotYet, "");
        }

        if (proc.Health != HealthState.Healthy)
        {
            // What has not come up may not listen to signals yet: many would end it.
            return (Telling.NotYet, "");
        }

        if (hook.Run is { } run)
        {
            var (code, why) = await OneShot.RunAsync(command(run), events, hook.Timeout, time, stop);
            return code == 0 ? (Telling.Told, "") : (Telling.Failed, code is null ? $"its command {why}" : $"its command ended with {code}; what it wrote is in the log of {instance.Name}");
        }

        return hook.Post is { } path ? await PostAsync(instance, proc, path, hook.Timeout, tag, stop)
            : Posix.kill(proc.Pid, hook.Number) == 0 ? (Telling.Told, "")
            : (Telling.Failed, $"{hook.Signal} cannot be sent to process {proc.Pid}: {Posix.Describe(Posix.Errno)}");
    }

    public void Dispose()
    {
        if (http.IsValueCreated)
        {
            http.Value.Dispose();
        }
    }

    async Task<(Telling How, string Why)> PostAsync(Instance instance, Proc proc, string path, TimeSpan timeout, string tag, CancellationToken stop)
    {
        var protocol = instance.Template.Health.Protocol ?? HealthProtocol.Http1;
        var scheme = protocol is HealthProtocol.Https or HealthProtocol.H2 ? "https" : "http";
        using var limit = new CancellationTokenSource(timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, limit.Token);
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri($"{scheme}://{proc.Endpoint}{path}"))
        {
            Version = protocol is HealthProtocol.H2 or HealthProtocol.H2c ? HttpVersion.Version20 : HttpVersion.Version11, VersionPolicy = HttpVersionPolicy.RequestVersionExact, Content = new ByteArrayContent([]),
        };
        request.Headers.TryAddWithoutValidation("Mainstay-Config", tag);
        try
        {
            using var response = await http.Value.SendAsync(request, either.Token);
            return response.IsSuccessStatusCode ? (Telling.Told, "") : (Telling.Failed, $"POST {path} was answered {(int)response.StatusCode}");
        }
        catch (Exception fault) when (fault is HttpRequestException or IOException || (fault is OperationCanceledException && !stop.IsCancellationRequested))
        {
            return (Telling.Failed, $"POST {path} was not answered: {(fault is OperationCanceledException ? "it took too long" : fault.Message)}");
        }
    }
}
