using System.Text.Json;
using Mainstay.Traffic.Path;

namespace Mainstay.Traffic.Drivers;

/// <summary>
/// Follows the server's tables: <c>GET /internal/v1/table?after=REVISION</c> answers with one table per line as they come (the
/// first at once if its revision is not REVISION) or a question, and an empty line every 5 s as a sign of life. Reconnects for ever, with backoff.
/// </summary>
internal sealed class TableFeed(HttpClient server, TimeProvider time, Action<string> log)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(15);

    /// <summary>Cancelled when another server is to be followed.</summary>
    public Func<CancellationToken> Left { get; init; } = static () => CancellationToken.None;

    /// <summary>Runs until stopped.</summary>
    /// <param name="live">The revision that is live.</param>
    /// <param name="apply">Takes each table whose revision differs from the live one.</param>
    /// <param name="ask">Takes each question that comes between them.</param>
    /// <param name="fence">Takes what is told of grants between tables.</param>
    /// <param name="stop">Ends it.</param>
    public async Task RunAsync(Func<long> live, Action<TableModel> apply, Action<Question> ask, Action<IReadOnlyList<FenceModel>> fence, CancellationToken stop)
    {
        var pause = FirstPause;
        string? said = null;
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await FollowAsync(live, apply, ask, fence, () => { pause = FirstPause; said = null; }, stop);
            }
            catch (Exception e) when (e is HttpRequestException or IOException or JsonException or OperationCanceledException)
            {
                if (stop.IsCancellationRequested) return;
                if (said != e.Message) log($"the table feed is interrupted, serving on with revision {live()}: {e.Message}");
                said = e.Message;
            }
            try
            {
                await Task.Delay(pause, time, stop);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            pause = pause + pause < LongestPause ? pause + pause : LongestPause;
        }
    }

    private async Task FollowAsync(Func<long> live, Action<TableModel> apply, Action<Question> ask, Action<IReadOnlyList<FenceModel>> fence, Action arrived, CancellationToken stop)
    {
        using var silence = new CancellationTokenSource(Silence, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, silence.Token, Left());
        using var request = new HttpRequestMessage(HttpMethod.Get, $"internal/v1/table?after={live()}");
        using var response = await server.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token);
        response.EnsureSuccessStatusCode();
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(either.Token));
        while (await reader.ReadLineAsync(either.Token) is { } line)
        {
            silence.CancelAfter(Silence);
            arrived();
            if (line.Length == 0) continue;
            if (line.StartsWith("{\"question\"", StringComparison.Ordinal))
            {
                if (JsonSerializer.Deserialize(line, TrafficJson.Default.QuestionLine)?.Question is { } question) ask(question);
                continue;
            }
            if (line.StartsWith(FenceLine.Start, StringComparison.Ordinal))
            {
                if (JsonSerializer.Deserialize(line, TrafficJson.Default.FenceLine)?.Fences is { } fences) fence(fences);
                continue;
            }
            var table = TableModel.FromJson(line);
            if (table.Revision != live()) apply(table);
        }
    }
}
