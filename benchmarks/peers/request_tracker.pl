# How many replies a second Request Tracker's mail gateway takes in, in process; `benchmarks/scale.py` runs it where
# Debian's packages request-tracker5 and rt5-db-sqlite are installed.
#
#     RT_SITE_CONFIG=FILE RT_SITE_CONFIG_DIR=EMPTY_FOLDER perl request_tracker.pl FOLDER_OF_MAILS
#
# FILE names an SQLite database that rt-setup-database-5 has made, and a MailCommand that sends nothing.  Each file in
# the folder is a reply; the text TICKET-n in it stands for the n-th ticket.  Prints one number.
use strict;
use warnings;
use lib '/usr/share/request-tracker5/lib';
use Time::HiRes 'time';
use RT -init;
use RT::Interface::Email;

my $tickets = 200;
my @mails = map { open(my $file, '<:raw', $_) or die "$_: $!"; local $/; scalar <$file> } glob("$ARGV[0]/*.eml");
my $user = RT->SystemUser;
my $everyone = RT::Group->new($user);
$everyone->LoadSystemInternalGroup('Everyone');
$everyone->PrincipalObj->GrantRight(Right => $_, Object => $RT::System) for qw(CreateTicket ReplyToTicket);
my @ids;
for my $n (0 .. $tickets - 1) {
    my $ticket = RT::Ticket->new($user);
    my ($id, undef, $said) =
      $ticket->Create(Queue => 'General', Subject => 'It does not start', Requestor => "ann$n\@example.org");
    die $said unless $id;
    push @ids, $id;
}
s/TICKET-(\d+)/$ids[$1]/g for @mails;
my $began = time;
for my $mail (@mails) {
    my ($status, $said) = RT::Interface::Email::Gateway({queue => 'General', action => 'correspond', message => $mail});
    die $said unless $status == 1;
}
my $took = time - $began;
my $written = RT::Transactions->new($user);
$written->Limit(FIELD => 'Type', VALUE => 'Correspond');
die $written->Count . ' of ' . @mails . " replies were recorded\n" unless $written->Count == @mails;
printf "%.3f\n", @mails / $took;
