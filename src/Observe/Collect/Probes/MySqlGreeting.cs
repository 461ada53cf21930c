using System.Text;

namespace Mainstay.Observe.Collect.Probes;

/// <summary>What a MySQL or MariaDB says first: protocol 10 of its client/server protocol.</summary>
/// <param name="Version">As the server says it, such as <c>8.0.36</c> or <c>5.5.5-10.11.6-MariaDB</c>.</param>
/// <param name="HasTls">Whether it can encrypt the connection.</param>
/// <param name="Plugin">How it wants to be convinced of a password.</param>
/// <param name="Nonce">20 bytes to mix the password with.</param>
sealed record MySqlGreeting(string Version, bool HasTls, string Plugin, byte[] Nonce)
{
    // Capabilities of the server that are needed here.
    const uint Protocol41 = 0x200;
    const uint Tls = 0x800;
    const uint PluginAuth = 0x8_0000;

    public bool IsMariaDb => Version.Contains("MariaDB", StringComparison.OrdinalIgnoreCase);

    /// <summary>The greeting; null where the packet is none.</summary>
    public static MySqlGreeting? Read(ReadOnlySpan<byte> packet)
    {
        var read = new MySqlReader(packet);
        if (read.Byte() != 10)
        {
            return null;
        }

        var version = Encoding.UTF8.GetString(read.ToZero());
        read.Integer(4);
        Span<byte> nonce = stackalloc byte[20];
        var first = read.Take(8UL);
        read.Byte();
        var able = (uint)read.Integer(2);
        read.Integer(3);
        able |= (uint)read.Integer(2) << 16;
        read.Byte();
        read.Take(10UL);
        var second = read.Take(12UL);
        if (read.IsWrong || (able & Protocol41) == 0)
        {
            return null;
        }

        first.CopyTo(nonce);
        second.CopyTo(nonce[8..]);
        read.Byte();
        var plugin = (able & PluginAuth) != 0 ? Encoding.UTF8.GetString(read.ToZero()) : MySqlSecret.Native;
        return new(version, (able & Tls) != 0, plugin, nonce.ToArray());
    }
}

/// <summary>What the server refuses, and why.</summary>
/// <param name="Code">Such as 1045 of a wrong password; 0 where it is we who cannot go on.</param>
/// <param name="Message">In the server's words.</param>
sealed record MySqlError(int Code, string Message)
{
    /// <summary>All its connections are taken.</summary>
    public const int TooManyConnections = 1040;

    /// <summary>The error of an error packet; null where the packet is none.</summary>
    public static MySqlError? Read(ReadOnlySpan<byte> packet)
    {
        var read = new MySqlReader(packet);
        if (read.Byte() != 0xff)
        {
            return null;
        }

        var code = (int)read.Integer(2);
        var text = read.Rest;

        // The state, five letters behind a mark; before the greeting there is none.
        text = text.Length >= 6 && text[0] == (byte)'#' ? text[6..] : text;
        return new(code, Encoding.UTF8.GetString(text));
    }

    public override string ToString() => Code == 0 ? Message : $"it answers {Code}: {Message}";
}
