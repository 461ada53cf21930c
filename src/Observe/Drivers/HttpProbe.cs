using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Mainstay.Core.Kinds.Observe;
using Mainstay.Observe.Collect.Probes;
using Mainstay.Observe.Ingest.Model;
using Mainstay.Observe.Ingest.Prometheus;

namespace Mainstay.Observe.Drivers;

/// <summary>Asks nginx, RabbitMQ and exporters, which have their figures on a page.</summary>
sealed class HttpProbe(ProbeTarget target) : IProbe
{
    /// <summary>The largest page, in bytes.</summary>
    public const int MostBytes = 16 << 20;

    readonly HttpClient http = new(new SocketsHttpHandler { UseProxy = false, UseCookies = false, AllowAutoRedirect = false, MaxConnectionsPerServer = 2, AutomaticDecompression = DecompressionMethods.All })
    {
        MaxResponseContentBufferSize = MostBytes,
        Timeout = Timeout.InfiniteTimeSpan,
    };

    readonly DecodeScratch scratch = new();

    public async Task<string?> AskAsync(ProbeSamples into, CancellationToken stop)
    {
        if (target.Kind == ProbeKind.Rabbitmq)
        {
            var folder = target.Path?.TrimEnd('/') ?? "";
            return await PageAsync($"{folder}/api/overview", body => RabbitReport.ReadOverview(body, into), stop)
                ?? await PageAsync($"{folder}/api/nodes", body => RabbitReport.ReadNodes(body, into), stop)
                ?? await PageAsync($"{folder}/api/queues?page=1&page_size={RabbitReport.MostQueues}&sort=messages&sort_reverse=true", body => RabbitReport.ReadQueues(body, into), stop);
        }

        return target.Kind == ProbeKind.Nginx
            ? await PageAsync(target.Path ?? "/nginx_status", body => NginxStatus.Read(body.Span, into), stop)
            : await PageAsync(target.Path ?? "/metrics", body => Exporter(body, into), stop);
    }

    public void Dispose() => http.Dispose();

    string? Exporter(ReadOnlyMemory<byte> body, ProbeSamples into)
    {
        var result = PrometheusText.Read(body.Span, scratch, new ExporterPoints(into), isOpenMetrics: false);
        var (taken, refused) = (result.Taken, result.Refused);
        return taken == 0 ? "the page holds no samples in Prometheus' text format; correct 'path'" : refused > taken ? $"{refused} of {taken + refused} lines are not in Prometheus' text format" : null;
    }

    async Task<string?> PageAsync(string path, Func<ReadOnlyMemory<byte>, string?> read, CancellationToken stop)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(target.Url, path));
        request.Headers.Accept.ParseAdd(target.Kind == ProbeKind.Prometheus ? "text/plain;version=0.0.4" : "*/*");
        if (target.User is { } user)
        {
            var (password, why) = ProbeSecret.Read(target.Password);
            if (why is not null)
            {
                return why;
            }

            request.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{password}")));
        }

        using var response = await http.SendAsync(request, stop);
        return response.StatusCode switch
        {
            HttpStatusCode.OK => read(await response.Content.ReadAsByteArrayAsync(stop)),
            HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => $"it answers {(int)response.StatusCode}: give 'user' and 'password' that may read {path.Split('?')[0]}",
            _ => $"it answers {(int)response.StatusCode} for {path.Split('?')[0]}",
        };
    }
}
