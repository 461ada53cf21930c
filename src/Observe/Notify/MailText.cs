using System.Globalization;
using System.Text;

namespace Mainstay.Observe.Notify;

/// <summary>Writes a message as mail servers take it (RFC 5322): ASCII alone, the subject in encoded words, the body in base64, so that nothing in it can be taken for a header or an end. Pure.</summary>
public static class MailText
{
    /// <summary>The message with all its lines, without the final dot.</summary>
    public static string Write(string from, IReadOnlyList<string> to, string subject, string body, string id, DateTimeOffset at)
    {
        var text = new StringBuilder();
        text.Append("From: <").Append(from).Append(">\r\n");
        text.Append("To: ").AppendJoin(",\r\n ", to.Select(t => $"<{t}>")).Append("\r\n");
        text.Append("Subject: ").AppendJoin("\r\n ", Words(subject)).Append("\r\n");
        text.Append(CultureInfo.InvariantCulture, $"Date: {at.UtcDateTime:ddd, dd MMM yyyy HH:mm:ss} +0000\r\n");
        text.Append("Message-ID: <").Append(id).Append("@mainstay>\r\n");
        text.Append("MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\nAuto-Submitted: auto-generated\r\n\r\n");
        var encoded = Convert.ToBase64String(Encoding.UTF8.GetBytes(body));
        for (var at76 = 0; at76 < encoded.Length; at76 += 76)
        {
            text.Append(encoded.AsSpan(at76, Math.Min(76, encoded.Length - at76))).Append("\r\n");
        }

        return text.ToString();
    }

    // RFC 2047 §2: a word has at most 75 characters, and none is cut within a character.
    static List<string> Words(string subject)
    {
        var word = new List<byte>();
        Span<byte> one = stackalloc byte[4];
        var words = new List<string>();
        foreach (var rune in subject.EnumerateRunes().Take(400))
        {
            var length = rune.EncodeToUtf8(one);
            if (word.Count + length > 45)
            {
                words.Add(Encoded(word));
                word.Clear();
            }

            word.AddRange(one[..length]);
        }

        words.Add(Encoded(word));
        return words;
    }

    static string Encoded(List<byte> word) => $"=?utf-8?B?{Convert.ToBase64String([.. word])}?=";
}
