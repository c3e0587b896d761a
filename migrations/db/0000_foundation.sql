CREATE TABLE `accounts` (
	`pk` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`id` text NOT NULL,
	`email` text NOT NULL,
	`email_key` text NOT NULL,
	`display_name` text NOT NULL,
	`role` text DEFAULT 'listener' NOT NULL,
	`tier` text DEFAULT 'free' NOT NULL,
	`password_hash` text NOT NULL,
	`suspended_at` integer,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `accounts_id_unique` ON `accounts` (`id`);--> statement-breakpoint
CREATE UNIQUE INDEX `accounts_emailKey_unique` ON `accounts` (`email_key`);--> statement-breakpoint
CREATE INDEX `accounts_suspended` ON `accounts` (`pk`) WHERE suspended_at is not null;--> statement-breakpoint
CREATE TABLE `refresh_families` (
	`pk` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`id` text NOT NULL,
	`account_pk` integer NOT NULL,
	`generation` integer NOT NULL,
	`token_hash` text NOT NULL,
	`rotated_at` integer NOT NULL,
	`created_at` integer NOT NULL,
	`expires_at` integer NOT NULL,
	`revoked_at` integer,
	FOREIGN KEY (`account_pk`) REFERENCES `accounts`(`pk`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `refresh_families_id_unique` ON `refresh_families` (`id`);--> statement-breakpoint
CREATE INDEX `refresh_families_account` ON `refresh_families` (`account_pk`,`pk`);--> statement-breakpoint
CREATE INDEX `refresh_families_expires` ON `refresh_families` (`expires_at`);--> statement-breakpoint
CREATE TABLE `artists` (
	`pk` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`id` text NOT NULL,
	`name` text NOT NULL,
	`sort_name` text NOT NULL,
	`match_key` text,
	`is_public` integer DEFAULT false NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `artists_id_unique` ON `artists` (`id`);--> statement-breakpoint
CREATE UNIQUE INDEX `artists_matchKey_unique` ON `artists` (`match_key`);--> statement-breakpoint
CREATE INDEX `artists_public` ON `artists` (`is_public`,`sort_name`,`pk`);--> statement-breakpoint
CREATE TABLE `genres` (
	`pk` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`name` text NOT NULL,
	`match_key` text NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `genres_matchKey_unique` ON `genres` (`match_key`);--> statement-breakpoint
CREATE TABLE `processing` (
	`track_pk` integer PRIMARY KEY NOT NULL,
	`state` text NOT NULL,
	`run` integer NOT NULL,
	`stage` text,
	`percent` real NOT NULL,
	`attempt` integer NOT NULL,
	`failures` integer NOT NULL,
	`failure_code` text,
	`failure_detail` text,
	`queued_at` integer NOT NULL,
	`started_at` integer,
	`heartbeat_at` integer,
	`due_at` integer,
	FOREIGN KEY (`track_pk`) REFERENCES `tracks`(`pk`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `processing_due` ON `processing` (`due_at`) WHERE due_at is not null;--> statement-breakpoint
CREATE INDEX `processing_queued` ON `processing` (`queued_at`,`track_pk`) WHERE state = 'queued';--> statement-breakpoint
CREATE TABLE `release_artists` (
	`release_pk` integer NOT NULL,
	`position` integer NOT NULL,
	`artist_pk` integer NOT NULL,
	PRIMARY KEY(`release_pk`, `position`),
	FOREIGN KEY (`release_pk`) REFERENCES `releases`(`pk`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`artist_pk`) REFERENCES `artists`(`pk`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `release_artists_artist` ON `release_artists` (`artist_pk`,`release_pk`);--> statement-breakpoint
CREATE TABLE `releases` (
	`pk` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`id` text NOT NULL,
	`owner_pk` integer NOT NULL,
	`title` text NOT NULL,
	`match_key` text,
	`release_date` text,
	`cover_prefix` text,
	`cover` text,
	`album_lufs` real,
	`album_gain_db` real,
	`is_public` integer DEFAULT false NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	FOREIGN KEY (`owner_pk`) REFERENCES `accounts`(`pk`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `releases_id_unique` ON `releases` (`id`);--> statement-breakpoint
CREATE UNIQUE INDEX `releases_matchKey_unique` ON `releases` (`match_key`);--> statement-breakpoint
CREATE INDEX `releases_public` ON `releases` (`is_public`,`pk`);--> statement-breakpoint
CREATE INDEX `releases_owner` ON `releases` (`owner_pk`,`pk`);--> statement-breakpoint
CREATE TABLE `track_artists` (
	`track_pk` integer NOT NULL,
	`position` integer NOT NULL,
	`artist_pk` integer NOT NULL,
	PRIMARY KEY(`track_pk`, `position`),
	FOREIGN KEY (`track_pk`) REFERENCES `tracks`(`pk`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`artist_pk`) REFERENCES `artists`(`pk`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `track_artists_artist` ON `track_artists` (`artist_pk`,`track_pk`);--> statement-breakpoint
CREATE TABLE `track_credits` (
	`track_pk` integer NOT NULL,
	`position` integer NOT NULL,
	`artist_pk` integer NOT NULL,
	`role` text NOT NULL,
	PRIMARY KEY(`track_pk`, `position`),
	FOREIGN KEY (`track_pk`) REFERENCES `tracks`(`pk`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`artist_pk`) REFERENCES `artists`(`pk`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `track_credits_artist` ON `track_credits` (`artist_pk`,`track_pk`);--> statement-breakpoint
CREATE TABLE `track_genres` (
	`track_pk` integer NOT NULL,
	`position` integer NOT NULL,
	`genre_pk` integer NOT NULL,
	PRIMARY KEY(`track_pk`, `position`),
	FOREIGN KEY (`track_pk`) REFERENCES `tracks`(`pk`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`genre_pk`) REFERENCES `genres`(`pk`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `track_genres_genre` ON `track_genres` (`genre_pk`,`track_pk`);--> statement-breakpoint
CREATE TABLE `track_lyrics` (
	`track_pk` integer PRIMARY KEY NOT NULL,
	`plain` text,
	`synced` text,
	FOREIGN KEY (`track_pk`) REFERENCES `tracks`(`pk`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE TABLE `track_media` (
	`track_pk` integer PRIMARY KEY NOT NULL,
	`profile` text NOT NULL,
	`prefix` text NOT NULL,
	`descriptor` text NOT NULL,
	`integrated_lufs` real,
	`track_gain_db` real,
	`true_peak_dbtp` real,
	`histogram` text NOT NULL,
	`published_at` integer NOT NULL,
	FOREIGN KEY (`track_pk`) REFERENCES `tracks`(`pk`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE TABLE `tracks` (
	`pk` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`id` text NOT NULL,
	`owner_pk` integer NOT NULL,
	`source_hash` text NOT NULL,
	`source_key` text NOT NULL,
	`source_bytes` integer NOT NULL,
	`source_format` text NOT NULL,
	`file_name` text NOT NULL,
	`status` text NOT NULL,
	`title` text NOT NULL,
	`release_pk` integer,
	`disc_number` integer NOT NULL,
	`track_number` integer NOT NULL,
	`isrc` text,
	`release_date` text,
	`duration_ms` integer,
	`is_damaged` integer DEFAULT false NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	FOREIGN KEY (`owner_pk`) REFERENCES `accounts`(`pk`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`release_pk`) REFERENCES `releases`(`pk`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `tracks_id_unique` ON `tracks` (`id`);--> statement-breakpoint
CREATE UNIQUE INDEX `tracks_owner_source` ON `tracks` (`owner_pk`,`source_hash`);--> statement-breakpoint
CREATE INDEX `tracks_status` ON `tracks` (`status`,`pk`);--> statement-breakpoint
CREATE INDEX `tracks_owner` ON `tracks` (`owner_pk`,`pk`);--> statement-breakpoint
CREATE INDEX `tracks_release` ON `tracks` (`release_pk`,`disc_number`,`track_number`,`pk`);--> statement-breakpoint
CREATE INDEX `tracks_owner_status` ON `tracks` (`owner_pk`,`status`,`pk`);--> statement-breakpoint
CREATE TABLE `dead_letters` (
	`pk` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`queue` text NOT NULL,
	`message_id` text NOT NULL,
	`body` text NOT NULL,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `dead_letters_messageId_unique` ON `dead_letters` (`message_id`);--> statement-breakpoint
CREATE INDEX `dead_letters_created` ON `dead_letters` (`created_at`,`pk`);--> statement-breakpoint
CREATE TABLE `idempotency_keys` (
	`pk` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`account_id` text NOT NULL,
	`key` text NOT NULL,
	`fingerprint` text NOT NULL,
	`status` integer,
	`headers` text,
	`body` text,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `idempotency_keys_account_key` ON `idempotency_keys` (`account_id`,`key`);--> statement-breakpoint
CREATE INDEX `idempotency_keys_created` ON `idempotency_keys` (`created_at`);--> statement-breakpoint
CREATE TABLE `outbox` (
	`pk` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`id` text NOT NULL,
	`type` text NOT NULL,
	`payload` text NOT NULL,
	`created_at` integer NOT NULL,
	`sent_at` integer
);
--> statement-breakpoint
CREATE UNIQUE INDEX `outbox_id_unique` ON `outbox` (`id`);--> statement-breakpoint
CREATE INDEX `outbox_unsent` ON `outbox` (`pk`) WHERE sent_at is null;--> statement-breakpoint
CREATE INDEX `outbox_sent` ON `outbox` (`sent_at`,`pk`);--> statement-breakpoint
CREATE TABLE `uploads` (
	`pk` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`id` text NOT NULL,
	`owner_pk` integer NOT NULL,
	`file_name` text NOT NULL,
	`length` integer NOT NULL,
	`state` text NOT NULL,
	`track_id` text,
	`failure_code` text,
	`failure_detail` text,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`expires_at` integer NOT NULL,
	`due_at` integer,
	FOREIGN KEY (`owner_pk`) REFERENCES `accounts`(`pk`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `uploads_id_unique` ON `uploads` (`id`);--> statement-breakpoint
CREATE INDEX `uploads_owner` ON `uploads` (`owner_pk`,`pk`);--> statement-breakpoint
CREATE INDEX `uploads_due` ON `uploads` (`due_at`) WHERE due_at is not null;--> statement-breakpoint
CREATE INDEX `uploads_expires` ON `uploads` (`expires_at`) WHERE state = 'uploading';