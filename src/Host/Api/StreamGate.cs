namespace Mainstay.Host.Api;

/// <summary>Admits streams up to a number, and ends them quietly when the client goes or the server stops.</summary>
public sealed class StreamGate(StreamCounters counters, TimeProvider time, ApiLimits limits)
{
    public StreamCounters Counters => counters;

    /// <summary>Serves a stream to its end: null, or a problem where it was not begun.</summary>
    public async Task<Answer?> ServeAsync(Call call, string contentType, Func<EventStream, Task> serve)
    {
        if (!counters.TryOpen())
        {
            return ProblemAnswer.Unavailable("too many streams are open", "close a watch or a followed log and try again");
        }

        try
        {
            var stream = new EventStream(call.Context, time, limits.Stall, counters, call.Stop);
            await stream.StartAsync(contentType);
            await serve(stream);
        }
        catch (OperationCanceledException)
        {
            // The client went, was cut, or the server stops; each is a regular end of a stream.
        }
        finally
        {
            counters.Close();
        }

        return null;
    }
}
