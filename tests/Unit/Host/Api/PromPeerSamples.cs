using Mainstay.Oracle;

namespace Mainstay.Tests.Host.Api;

/// <summary>Series of two machines and two services as their exporters have them: with restarts, gaps, ends, and values that are no numbers.</summary>
sealed class PromPeerSamples(long fromSeconds, int every, int count)
{
    static readonly double StaleMark = BitConverter.UInt64BitsToDouble(0x7ff0000000000002);

    readonly Random dice = new(7);

    public IEnumerable<TimeSeries> All() => Machines().Concat(Services()).Concat(Odd());

    IEnumerable<TimeSeries> Machines()
    {
        foreach (var host in (string[])["a:9100", "b:9100"])
        {
            string[] own = [$"instance={host}", "job=node"];
            foreach (var cpu in (string[])["0", "1"])
            {
                foreach (var (mode, share) in ((string, double)[])[("idle", 0.7), ("user", 0.2), ("system", 0.06), ("iowait", 0.02), ("steal", 0)])
                {
                    yield return Of("node_cpu_seconds_total", Rising(share), [.. own, $"cpu={cpu}", $"mode={mode}"]);
                }
            }

            yield return Of("node_memory_MemTotal_bytes", _ => 8589934592, own);
            yield return Of("node_memory_MemAvailable_bytes", Around(3e9), own);
            yield return Of("node_memory_MemFree_bytes", Around(1e9), own);
            yield return Of("node_memory_Buffers_bytes", Around(2e8), own);
            yield return Of("node_memory_Cached_bytes", Around(1.8e9), own);
            yield return Of("node_memory_SwapTotal_bytes", _ => 0, own);
            yield return Of("node_memory_SwapFree_bytes", _ => 0, own);
            foreach (var (device, mount, type) in ((string, string, string)[])[("/dev/sda1", "/", "ext4"), ("/dev/sdb1", "/data", "xfs"), ("tmpfs", "/run", "tmpfs")])
            {
                string[] of = [.. own, $"device={device}", $"mountpoint={mount}", $"fstype={type}"];
                yield return Of("node_filesystem_size_bytes", _ => 1e11, of);
                yield return Of("node_filesystem_avail_bytes", i => 5e10 - (i * 1e7), of);
                yield return Of("node_filesystem_readonly", _ => 0, of);
            }

            foreach (var device in (string[])["eth0", "lo", "veth1"])
            {
                yield return Of("node_network_receive_bytes_total", Rising(1e5, restart: host[0] == 'b' ? 160 : -1), [.. own, $"device={device}"]);
                yield return Of("node_network_transmit_bytes_total", Rising(5e4), [.. own, $"device={device}"]);
            }

            yield return Of("node_disk_io_time_seconds_total", Rising(0.1), [.. own, "device=sda"]);
            yield return Of("node_disk_reads_completed_total", Rising(20), [.. own, "device=sda"]);
            yield return Of("node_load1", Around(1), own);
            yield return Of("node_load5", Around(1.1), own);
            yield return Of("node_boot_time_seconds", _ => fromSeconds - 86_400, own);
            yield return Of("node_time_seconds", i => fromSeconds + (i * every), own);
            yield return Of("node_uname_info", _ => 1, [.. own, $"nodename=host-{host[0]}", "release=6.1.0", "sysname=Linux"]);

            // One machine is gone for a while, the other does not answer once.
            yield return Of("up", i => host[0] == 'a' ? i is 140 ? 0.0 : 1.0 : i is > 130 and < 170 ? (double?)null : 1.0, own);
        }
    }

    IEnumerable<TimeSeries> Services()
    {
        foreach (var (service, instance) in ((string, string)[])[("shop", "shop-1:80"), ("shop", "shop-2:80"), ("cart", "cart-1:80")])
        {
            string[] own = [$"instance={instance}", $"job={service}"];
            foreach (var (code, rate) in ((string, double)[])[("200", 40), ("404", 1), ("500", 0.3)])
            {
                yield return Of("http_requests_total", Rising(rate, restart: instance == "shop-2:80" ? 150 : -1), [.. own, $"code={code}", "method=GET", "handler=/"]);
            }

            yield return Of("http_requests_total", Rising(3), [.. own, "code=201", "method=POST", "handler=/orders"]);
            var (bounds, each) = ((string[])["0.005", "0.01", "0.025", "0.1", "0.5", "1", "+Inf"], new Func<int, double?>[7]);
            for (var i = 0; i < each.Length; i++)
            {
                each[i] = Rising(6.0 / (i + 1));
            }

            for (var i = 0; i < bounds.Length; i++)
            {
                var upTo = i;
                yield return Of("http_request_duration_seconds_bucket", at => each[..(upTo + 1)].Sum(e => Math.Floor(e(at)!.Value)), [.. own, "handler=/", $"le={bounds[i]}"]);
            }

            yield return Of("http_request_duration_seconds_count", at => each.Sum(e => Math.Floor(e(at)!.Value)), [.. own, "handler=/"]);
            yield return Of("http_request_duration_seconds_sum", Rising(0.8), [.. own, "handler=/"]);
            yield return Of("process_start_time_seconds", i => instance == "shop-2:80" && i >= 150 ? fromSeconds + 2250 : fromSeconds - 3600, own);
            yield return Of("process_resident_memory_bytes", Around(2e8), own);
            yield return Of("process_open_fds", Around(40), own);
            yield return Of("process_max_fds", _ => 1024, own);
            yield return Of("build_info", _ => 1, [.. own, $"version={(instance == "shop-2:80" ? "1.1.0" : "1.0.0")}"]);
            foreach (var (quantile, value) in ((string, double)[])[("0.5", 0.01), ("0.99", 0.2)])
            {
                yield return Of("rpc_seconds", Around(value), [.. own, $"quantile={quantile}"]);
            }
        }
    }

    IEnumerable<TimeSeries> Odd()
    {
        // One ends, one is not a number, one has none, one jumps to and fro.
        yield return Of("ended", i => i < 160 ? i : i == 160 ? StaleMark : (double?)null, "job=odd");
        yield return Of("strange", i => i % 3 == 0 ? double.NaN : i % 3 == 1 ? double.PositiveInfinity : -i, "job=odd");
        yield return Of("jumps", i => i % 4 * 2.5, "job=odd", "path=/a.b\\c");
        yield return Of("single", i => i == 200 ? 42 : (double?)null, "job=odd");
    }

    TimeSeries Of(string name, Func<int, double?> value, params string[] labels)
    {
        var series = new TimeSeries();
        foreach (var label in (IEnumerable<string>)[$"__name__={name}", .. labels.Order(StringComparer.Ordinal)])
        {
            var cut = label.IndexOf('=', StringComparison.Ordinal);
            series.Labels.Add(new Label { Name = label[..cut], Value = label[(cut + 1)..] });
        }

        for (var i = 0; i < count; i++)
        {
            if (value(i) is { } number)
            {
                series.Samples.Add(new Sample { Value = number, Timestamp = (fromSeconds + ((long)i * every)) * 1000 });
            }
        }

        return series;
    }

    // A counter that grows unevenly and begins anew once.
    Func<int, double?> Rising(double perSecond, int restart = -1)
    {
        var (total, values) = (dice.NextDouble() * 1000, new double[count]);
        for (var i = 0; i < count; i++)
        {
            total = i == restart ? perSecond : total + (perSecond * every * (0.5 + dice.NextDouble()));
            values[i] = Math.Round(total, 3);
        }

        return i => values[i];
    }

    Func<int, double?> Around(double mean)
    {
        var values = Enumerable.Range(0, count).Select(_ => Math.Round(mean * (0.8 + (0.4 * dice.NextDouble())), 3)).ToArray();
        return i => values[i];
    }
}
