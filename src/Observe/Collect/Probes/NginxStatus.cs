namespace Mainstay.Observe.Collect.Probes;

/// <summary>Reads the page of nginx's <c>stub_status</c> (ngx_http_stub_status_module). Names are those of the OpenTelemetry Collector's nginx receiver.</summary>
public static class NginxStatus
{
    /// <summary>Why the page is none; null where it was read.</summary>
    public static string? Read(ReadOnlySpan<byte> page, ProbeSamples into)
    {
        ulong? active = null, accepted = null, handled = null, requests = null, reading = null, writing = null, waiting = null;
        var totals = false;
        while (ProcText.Line(ref page, out var line))
        {
            line = line.TrimEnd((byte)'\r');
            if (line.StartsWith("Active connections:"u8))
            {
                ProcText.Skip(ref line, 2);
                active = ProcText.Value(ProcText.Word(ref line));
            }
            else if (line.StartsWith("server accepts handled requests"u8))
            {
                totals = true;
            }
            else if (totals)
            {
                (accepted, handled, requests) = (ProcText.Value(ProcText.Word(ref line)), ProcText.Value(ProcText.Word(ref line)), ProcText.Value(ProcText.Word(ref line)));
                totals = false;
            }
            else if (line.StartsWith("Reading:"u8))
            {
                (reading, writing, waiting) = (After(ref line), After(ref line), After(ref line));
            }
        }

        if (active is null || requests is null)
        {
            return "the page is not that of stub_status; add 'location = /nginx_status { stub_status; }' to nginx";
        }

        into.Counter("nginx.requests", "{request}", requests);
        into.Counter("nginx.connections_accepted", "{connection}", accepted);
        into.Counter("nginx.connections_handled", "{connection}", handled);
        into.Gauge("nginx.connections_current", "{connection}", active, ("state", "active"));
        into.Gauge("nginx.connections_current", "{connection}", reading, ("state", "reading"));
        into.Gauge("nginx.connections_current", "{connection}", writing, ("state", "writing"));
        into.Gauge("nginx.connections_current", "{connection}", waiting, ("state", "waiting"));
        return null;
    }

    static ulong? After(ref ReadOnlySpan<byte> line)
    {
        ProcText.Skip(ref line, 1);
        return ProcText.Value(ProcText.Word(ref line));
    }
}
